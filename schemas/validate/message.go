package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/format"
)

// AppendMessage appends a sentence that says what was expected. It quotes the
// schema, never the document.
func (v *Violation) AppendMessage(dst []byte) []byte {
	w := writer{dst}
	v.message(&w)
	return w.b
}

//go:nobounds
func (v *Violation) message(w *writer) {
	sentence := 3 * int(v.keyword)
	w.text(line(sentences, sentence))
	n := v.nodeOf()
	number := &v.set.b.Numbers[n.Number]
	switch v.keyword {
	case kwSyntax:
		w.text(scan.Code(v.arg).String())
		w.text(" at byte ")
		w.int(int(v.at))
	case kwFalse:
		w.text(v.forbidden())
	case kwType:
		writeTypes(w, n.Types)
	case kwEnum, kwConst:
		v.writeEnum(w)
	case kwMinLength, kwMaxLength, kwMinProperties, kwMaxProperties, kwMinItems, kwMaxItems, kwMinContains, kwMaxContains:
		limit := v.limit()
		w.int(int(limit))
		w.text(line(sentences, sentence+1))
		if limit != 1 {
			w.text("s")
		}
	case kwFormat:
		w.text(format.ID(n.Format).Name())
	case kwMinimum, kwExclusiveMinimum:
		v.writeBound(w, number.Flags&bundle.ExclusiveMin != 0, "at least ", "greater than ", number.Min)
	case kwMaximum, kwExclusiveMaximum:
		v.writeBound(w, number.Flags&bundle.ExclusiveMax != 0, "at most ", "less than ", number.Max)
	case kwMultipleOf:
		v.writeDecimal(w, number.Multiple)
	case kwRequired, kwDependencies, kwDependentRequired:
		w.quoted(v.slotName())
	case kwUniqueItems:
		w.int(int(v.arg))
	case kwAnyOf, kwOneOf:
		if v.keyword == kwOneOf && v.arg == 0 {
			w.text(", not to several")
			break
		}
		// What is wrong with the branch that came furthest are the violations that follow.
		w.text(": ")
		w.int(int(v.arg))
		if v.arg == 1 {
			w.text(" branch failed")
		} else {
			w.text(" branches failed")
		}
	}
	w.text(line(sentences, sentence+2))
}

// sentences are what a message says before what the schema asks for, the noun of
// what it counts, and what it says after it: three lines for each keyword, in
// their order.
const sentences = "" +
	"is not JSON: \n\n\n" +
	"is nested too deep\n\n\n" +
	"takes too much work to check against this schema\n\n\n" +
	"must stand in its object once, not twice\n\n\n" +
	"\n\n\n" +
	"must be \n\n\n" +
	"must be one of \n\n\n" +
	"must be \n\n\n" +
	"must be at least \n character\n long\n" +
	"must be at most \n character\n long\n" +
	"must match the pattern of the schema\n\n\n" +
	"must have the format \n\n\n" +
	"must be \n\n\n" +
	"must be \n\n\n" +
	"must be \n\n\n" +
	"must be \n\n\n" +
	"must be a multiple of \n\n\n" +
	"must have the member \n\n\n" +
	"must have at least \n member\n\n" +
	"must have at most \n member\n\n" +
	"must have the member \n\n, since it has another that calls for it\n" +
	"must have the member \n\n, since it has another that calls for it\n" +
	"must have at least \n item\n\n" +
	"must have at most \n item\n\n" +
	"must not repeat an item, as item \n\n does\n" +
	"must contain an item that the schema asks for\n\n\n" +
	"must contain at least \n item\n of those the schema asks for\n" +
	"must contain at most \n item\n of those the schema asks for\n" +
	"must conform to at least one of the schemas in anyOf\n\n\n" +
	"must conform to exactly one of the schemas in oneOf\n\n\n" +
	"must not conform to the schema in not\n\n\n" +
	"must be encoded in base64\n\n\n" +
	"must hold JSON\n\n\n"

// limit is the count that the keyword gives.
//
//go:nobounds
func (v *Violation) limit() uint32 {
	t := &v.set.b.Tables
	n := v.nodeOf()
	array, object := &t.Arrays[n.Array], &t.Extras[t.Objects[n.Object].Extra]
	switch v.keyword {
	case kwMinLength:
		return n.MinLength
	case kwMaxLength:
		return n.MaxLength
	case kwMinProperties:
		return object.MinProperties
	case kwMaxProperties:
		return object.MaxProperties
	case kwMinItems:
		return array.MinItems
	case kwMaxItems:
		return array.MaxItems
	case kwMinContains:
		return array.MinContains
	}
	return array.MaxContains
}

// writeBound writes the bound of a number.
func (v *Violation) writeBound(w *writer, exclusive bool, inclusive, beyond string, bound uint32) {
	if exclusive {
		inclusive = beyond
	}
	w.text(inclusive)
	v.writeDecimal(w, bound)
}

// forbidden says what a value is that must not be there.
//
//go:nobounds
func (v *Violation) forbidden() string {
	if len(v.steps) > 0 {
		switch v.steps[len(v.steps)-1].kind() {
		case stepAdditional, stepUnevaluatedProps:
			return "is not a member that the schema declares"
		case stepAdditionalItems, stepItems, stepUnevaluatedItems:
			return "is one item more than the schema allows"
		}
	}
	return "must not be present"
}

var typeNames = [...]struct {
	bits uint8
	name string
}{
	{bundle.TypeObject, "an object"},
	{bundle.TypeArray, "an array"},
	{bundle.TypeString, "a string"},
	{bundle.TypeNumber, "a number"},
	{bundle.TypeInteger | bundle.TypeWhole, "an integer"},
	{bundle.TypeInteger, "an integer"},
	{bundle.TypeWhole, "a whole number"},
	{bundle.TypeFractional, "a fraction"},
	{bundle.TypeBoolean, "true or false"},
	{bundle.TypeNull, "null"},
}

//go:nobounds
func writeTypes(w *writer, types uint8) {
	if types == 0 {
		w.text("absent")
		return
	}
	for first := true; types != 0; first = false {
		for i := range typeNames {
			t := &typeNames[i]
			if types&t.bits != t.bits {
				continue
			}
			types &^= t.bits
			if !first {
				if types == 0 {
					w.text(" or ")
				} else {
					w.text(", ")
				}
			}
			w.text(t.name)
			break
		}
	}
}

// shownValues is how many values of an enum a message lists.
const shownValues = 8

//go:nobounds
func (v *Violation) writeEnum(w *writer) {
	t := &v.set.b.Tables
	e := &t.Enums[v.nodeOf().Enum]
	names := &t.Names[e.Names]
	n := 0
	for i := range names.Count {
		if n++; w.shows(n) {
			w.quoted(t.Name(&t.Slots[names.Slots+uint32(i)]))
		}
	}
	for i := range e.Count {
		if n++; w.shows(n) {
			w.bytes(t.Text(t.Constants[e.Values+i].Value))
		}
	}
	for i, name := range enumLiterals {
		if e.Flags>>i&1 == 0 {
			continue
		}
		if n++; w.shows(n) {
			w.text(name)
		}
	}
	if n > shownValues {
		w.text(" and ")
		w.int(n - shownValues)
		w.text(" more")
	}
}

// shows reports whether value number n of an enum is listed, and parts it from
// the one before. (A closure would put the writer on TinyGo's heap.)
//
//go:noinline
func (w *writer) shows(n int) bool {
	if n > 1 && n <= shownValues {
		w.text(", ")
	}
	return n <= shownValues
}

// enumLiterals are what the lowest flags of an Enum stand for.
var enumLiterals = [...]string{"null", "true", "false"}

// slotName is the name of the member that is missing.
//
//go:nobounds
func (v *Violation) slotName() []byte {
	t := &v.set.b.Tables
	return t.Name(&t.Slots[v.arg])
}

// writeDecimal writes the text of a decimal, which stands after it in Strings.
//
//go:noinline
func (v *Violation) writeDecimal(w *writer, i uint32) { w.bytes(v.set.b.String(i + 1)) }
