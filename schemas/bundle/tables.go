package bundle

import "weir/schemas/scan"

// Tables are the tables of a bundle. An index of 0 into Objects, Extras, Arrays,
// Numbers, Enums or Ops means "says nothing about it": entry 0 of those tables
// is neutral. Structures hold no padding, so that they can be read in place.
type Tables struct {
	Schemas   []Schema
	URIs      []uint32 // hash index over Schemas: position + 1, 0 for none
	Nodes     []Node
	Objects   []Object
	Extras    []Extra
	Names     []Names
	Slots     []Slot
	Index     []uint8  // hash indexes of Names: ordinal + 1, 0 for none
	Wide      []uint16 // the same for Names of more than 254 slots
	Masks     []uint64 // bitsets over slot ordinals
	Rules     []Rule
	Arrays    []Array
	Numbers   []Number
	Enums     []Enum
	Constants []Constant
	Ops       []Op
	Refs      []uint32 // lists of nodes
	Strings   []Text   // patterns, decimals and notes; entry 0 is empty
	Anchors   []Anchor
	Captures  []uint32 // the annotation behind each capture id, in Strings
	Bytes     []byte
}

// Text is a range of Bytes.
type Text struct{ Off, Len uint32 }

// Schema is an entry point, known by a URI. One document may have several.
type Schema struct {
	Hash uint32 // upper half of Sum of the URI
	Root uint32 // node
	URI  Text
}

// The kinds of instances, as bits of Node.Types. Numbers come in three kinds
// because drafts disagree on 1.0: to draft 4 an integer is a token without
// fraction and exponent, to later drafts any number with a whole value.
const (
	TypeNull       = 1 << iota
	TypeBoolean    // true and false
	TypeInteger    // 1
	TypeWhole      // 1.0, 10e-1
	TypeFractional // 1.5
	TypeString
	TypeArray
	TypeObject

	TypeAny    = 1<<8 - 1
	TypeNumber = TypeInteger | TypeWhole | TypeFractional
)

// The first two nodes of every bundle.
const (
	Anything uint32 = 0 // the schema true
	Nothing  uint32 = 1 // the schema false
)

// None stands for "no upper limit" and "no node".
const None uint32 = 1<<32 - 1

// Node is one schema position: what it asserts of a value.
type Node struct {
	Types   uint8 // kinds it allows
	Format  uint8 // of package format, 0 for none
	Flags   uint16
	Capture uint16 // id of the capture that reports this value's extent, 0 for none
	Content uint8  // what a string must hold
	_       uint8
	// Strings, lengths in code points.
	MinLength, MaxLength uint32
	Pattern              uint32 // in Strings, 0 for none
	Number               uint32
	Array                uint32
	Object               uint32
	Enum                 uint32
	Ops                  uint32 // first of a run of Ops that ends with OpEnd
}

// Flags of a Node.
const (
	// NodeAlias: nothing but a reference; Ops is the node it stands for.
	NodeAlias = 1 << iota
	// NodeString: there is more to check of a string than its type.
	NodeString
	// NodeTrack: Ops is a node that holds an unevaluated* keyword. The members
	// or items that other keywords evaluate must be remembered.
	NodeTrack
)

// Bits of Node.Content.
const (
	ContentBase64 = 1 << iota // text in base64
	ContentJSON               // JSON, after decoding
)

// Object holds the assertions on objects.
type Object struct {
	Names      uint32 // the members it has something to say about
	Additional uint32 // node for all others
	Required   uint32 // in Masks, one bit a slot; None for none
	Extra      uint32
	Flags      uint32
}

// Extra holds the rarer assertions on objects.
type Extra struct {
	MinProperties uint32
	MaxProperties uint32
	PropertyNames uint32 // node for the names themselves
	Patterns      uint32 // first of PatternCount Rules: a Strings entry and a node
	PatternCount  uint32
	Deps          uint32 // first of DepCount Rules, dependencies between members
	DepCount      uint32
}

// Flags of an Object and an Array.
const (
	// HasAdditional: additionalProperties (items, additionalItems) is present, so
	// all members (items) count as evaluated.
	HasAdditional = 1 << iota
	// UniqueItems: no two items are equal.
	UniqueItems
	// LegacyItems: the spelling of drafts up to 2019-09, items and additionalItems.
	LegacyItems
	// ContainsMarks: items that match contains count as evaluated (2020-12).
	ContainsMarks
)

// Names is a set of strings: the declared members of an object, or the strings
// of an enum. Its slots stand in the order of declaration.
type Names struct {
	Slots uint32 // first of Count
	Index uint32 // first of 1<<Bits entries of Index, or of Wide
	Count uint16
	Bits  uint8
	Wide  uint8 // 1 for Wide
}

// Slot is one string of Names. A name of up to eight bytes is decided by one
// comparison of integers.
type Slot struct {
	Head uint64 // first eight bytes, zero-padded, as a little-endian integer
	Off  uint32 // in Bytes; the upper bit is slotPlain
	Rest uint32 // length, 8 bits, above the node for the member's value, 24 bits
}

const (
	slotPlain = 1 << 31
	slotNode  = 1<<24 - 1
	slotLong  = 1<<8 - 1 // lengths from here on stand in four bytes before the text

	// MaxNodes bounds Nodes, since slots have 24 bits for a node; the last one
	// says that the name does not stand under properties, but is only required
	// or depended upon.
	MaxNodes = slotNode
)

// NewSlot returns the slot for a name whose text lies at off. Plain says that
// the name needs no escapes in JSON, so that raw bytes can be compared. Before
// the text of a name of 255 bytes or more stands its length in four bytes.
func NewSlot(name string, off uint32, plain bool) Slot {
	s := Slot{Head: Head([]byte(name)), Off: off, Rest: uint32(min(len(name), slotLong))<<24 | slotNode}
	if plain && len(name) < slotLong {
		s.Off |= slotPlain
	}
	return s
}

// Declare sets the node for the value of the member.
func (s *Slot) Declare(node uint32) { s.Rest = s.Rest&^slotNode | node&slotNode }

// Declared reports whether the name stands under properties.
func (s *Slot) Declared() bool { return s.Rest&slotNode != slotNode }

// Node is the node for the value of a declared member.
func (s *Slot) Node() uint32 { return s.Rest & slotNode }

// Plain reports whether the name can be compared with the raw bytes of a
// document. If so, Short is its length.
func (s *Slot) Plain() bool { return s.Off&slotPlain != 0 }

// Short is the length of the name, or 255 if it is longer than 254 bytes.
func (s *Slot) Short() int { return int(s.Rest >> 24) }

// Name returns the name of a slot.
//
//go:nobounds
func (t *Tables) Name(s *Slot) []byte {
	off := s.Off &^ slotPlain
	n := s.Rest >> 24
	if n == slotLong {
		n = scan.Uint32(t.Bytes, int(off-4))
	}
	return t.Bytes[off : off+n]
}

// Rule is a pair of a condition and a consequence.
//
// Among Patterns: members whose name matches pattern A conform to node B; Kind
// is the pattern's source in Strings.
// Among Deps: if the member of slot A is present, then Kind says what B is.
type Rule struct {
	A, B uint32
	Kind uint32
}

// Kinds of dependencies.
const (
	DepSlot       = iota // B is a slot that must be present too
	DepNode              // B is a node the object must conform to
	DepLegacySlot        // the same, spelled dependencies
	DepLegacyNode
)

// Array holds the assertions on arrays.
type Array struct {
	Items       uint32 // node for the items after the prefix
	Prefix      uint32 // first of PrefixCount Refs, nodes for the first items
	PrefixCount uint32
	MinItems    uint32
	MaxItems    uint32
	Contains    uint32 // node, None for none
	MinContains uint32
	MaxContains uint32
	Flags       uint32
}

// Number holds the assertions on numbers. Tokens that are 64-bit integers are
// decided by Lo, Hi and Step, all others by the decimals in Strings.
type Number struct {
	Lo, Hi   int64  // inclusive
	Step     int64  // 0 when the decimal must decide, 1 when every integer will do
	Min, Max uint32 // in Strings, 0 for none; the next entry is the decimal as text
	Multiple uint32 // likewise
	Flags    uint32
}

// Flags of a Number.
const (
	ExclusiveMin = 1 << iota
	ExclusiveMax
	// LegacyExclusive: draft 4, where exclusiveMinimum is a boolean beside minimum.
	LegacyExclusive
)

// Enum holds the values of enum or const.
type Enum struct {
	Names  uint32 // its strings, 0 for none
	Values uint32 // first of Count Constants: its numbers, arrays and objects
	Count  uint32
	Flags  uint32
}

// Flags of an Enum.
const (
	EnumNull = 1 << iota
	EnumTrue
	EnumFalse
	EnumConst // spelled const
)

// Constant is a number, array or object of an Enum.
type Constant struct {
	Hash  uint64 // validate.Hash of it: equal for equal values
	Value Text   // JSON
}

// Op is a keyword that applies schemas to the value it stands at.
type Op struct {
	Code uint32
	A, B uint32
}

// Codes of an Op.
const (
	OpEnd              = iota
	OpRef              // A conforms
	OpAllOf            // A conforms; B is its position
	OpAnyOf            // one of the B Refs from A conforms
	OpOneOf            // exactly one does
	OpNot              // A does not
	OpIf               // Refs A: if, then, else; None for none
	OpDynamicRef       // the outermost anchor B in the dynamic scope conforms, or A
	OpRecursiveRef     // the same for draft 2019-09
	OpScope            // enters resource B, then A conforms
	OpUnevaluatedProps // members nobody evaluated conform to A; last
	OpUnevaluatedItems // items nobody evaluated conform to A; last
)

// The neutral entries.
var (
	AnythingNode  = Node{Types: TypeAny, MaxLength: None}
	NothingNode   = Node{MaxLength: None}
	NeutralObject = Object{Required: None}
	NeutralExtra  = Extra{MaxProperties: None}
	NeutralArray  = Array{MaxItems: None, Contains: None}
)

// Neutral is the least that tables must hold. It has no schemas.
var Neutral = Tables{
	Nodes:    []Node{AnythingNode, NothingNode},
	Objects:  []Object{NeutralObject},
	Extras:   []Extra{NeutralExtra},
	Arrays:   []Array{NeutralArray},
	Numbers:  make([]Number, 1),
	Enums:    make([]Enum, 1),
	Names:    make([]Names, 1),
	Ops:      make([]Op, 1),
	Strings:  make([]Text, 1),
	Captures: make([]uint32, 1),
}

// Anchor is a $dynamicAnchor: where Name leads in Resource.
type Anchor struct {
	Resource uint32
	Name     uint32 // equal numbers for equal names
	Node     uint32
}
