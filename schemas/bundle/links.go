package bundle

import (
	"unsafe"

	"weir/schemas/scan"
)

// The tables, by the number of their section.
const (
	inSchemas = iota
	inURIs
	inNodes
	inObjects
	inExtras
	inNames
	inSlots
	inIndex
	inWide
	inMasks
	inRules
	inArrays
	inNumbers
	inEnums
	inConstants
	inOps
	inRefs
	inStrings
	inAnchors
	inCaptures
	inBytes
)

// reference is a field whose value leads to another table.
type reference struct {
	from, offset uint8 // a table and the place of the field in its entries
	to           uint8
	kind         uint8
}

// Kinds of references.
const (
	one      = iota // an index
	optional        // an index or None
	several         // the first of as many as the next field says
)

// links are the references that need no more than to be in range.
var links = [...]reference{
	{inStrings, 0, inBytes, several},
	{inSchemas, uint8(unsafe.Offsetof(Schema{}.URI)), inBytes, several},
	{inSchemas, uint8(unsafe.Offsetof(Schema{}.Root)), inNodes, one},
	{inCaptures, 0, inStrings, one},
	{inNodes, uint8(unsafe.Offsetof(Node{}.Number)), inNumbers, one},
	{inNodes, uint8(unsafe.Offsetof(Node{}.Array)), inArrays, one},
	{inNodes, uint8(unsafe.Offsetof(Node{}.Object)), inObjects, one},
	{inNodes, uint8(unsafe.Offsetof(Node{}.Enum)), inEnums, one},
	{inObjects, uint8(unsafe.Offsetof(Object{}.Names)), inNames, one},
	{inObjects, uint8(unsafe.Offsetof(Object{}.Additional)), inNodes, one},
	{inObjects, uint8(unsafe.Offsetof(Object{}.Extra)), inExtras, one},
	{inExtras, uint8(unsafe.Offsetof(Extra{}.PropertyNames)), inNodes, one},
	{inExtras, uint8(unsafe.Offsetof(Extra{}.Patterns)), inRules, several},
	{inExtras, uint8(unsafe.Offsetof(Extra{}.Deps)), inRules, several},
	{inArrays, uint8(unsafe.Offsetof(Array{}.Items)), inNodes, one},
	{inArrays, uint8(unsafe.Offsetof(Array{}.Contains)), inNodes, optional},
	{inArrays, uint8(unsafe.Offsetof(Array{}.Prefix)), inRefs, several},
	{inEnums, uint8(unsafe.Offsetof(Enum{}.Names)), inNames, one},
	{inEnums, uint8(unsafe.Offsetof(Enum{}.Values)), inConstants, several},
	{inConstants, uint8(unsafe.Offsetof(Constant{}.Value)), inBytes, several},
	{inRefs, 0, inNodes, optional},
	{inAnchors, uint8(unsafe.Offsetof(Anchor{}.Node)), inNodes, one},
}

// references checks the links.
func (v *verifier) references() {
	tables := v.all()
	for i := range links {
		l := &links[i]
		entries, size := tables[l.from], int(entrySizes[l.from])
		b := unsafe.Slice(unsafe.SliceData(entries), len(entries)*size)
		limit := uint64(len(tables[l.to]))
		for at := int(l.offset); at < len(b); at += size {
			first := scan.Uint32(b, at)
			switch l.kind {
			case several:
				v.check(uint64(first)+uint64(scan.Uint32(b, at+4)) <= limit)
			case optional:
				v.check(first == None || uint64(first) < limit)
			default:
				v.check(uint64(first) < limit)
			}
		}
	}
}
