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
	s := &sentences[v.keyword]
	w.text(s.before)
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
		w.text(s.noun)
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
	w.text(s.after)
}

// sentences are what a message says before and after what the schema asks for.
// A table takes a third of the room that as many calls of append would.
var sentences = [...]struct{ before, noun, after string }{
	kwSyntax:            {before: "is not JSON: "},
	kwDepth:             {before: "is nested too deep"},
	kwFuel:              {before: "takes too much work to check against this schema"},
	kwDuplicateKey:      {before: "must stand in its object once, not twice"},
	kwFalse:             {},
	kwType:              {before: "must be "},
	kwEnum:              {before: "must be one of "},
	kwConst:             {before: "must be "},
	kwMinLength:         {"must be at least ", " character", " long"},
	kwMaxLength:         {"must be at most ", " character", " long"},
	kwPattern:           {before: "must match the pattern of the schema"},
	kwFormat:            {before: "must have the format "},
	kwMinimum:           {before: "must be "},
	kwMaximum:           {before: "must be "},
	kwExclusiveMinimum:  {before: "must be "},
	kwExclusiveMaximum:  {before: "must be "},
	kwMultipleOf:        {before: "must be a multiple of "},
	kwRequired:          {before: "must have the member "},
	kwMinProperties:     {"must have at least ", " member", ""},
	kwMaxProperties:     {"must have at most ", " member", ""},
	kwDependencies:      {"must have the member ", "", ", since it has another that calls for it"},
	kwDependentRequired: {"must have the member ", "", ", since it has another that calls for it"},
	kwMinItems:          {"must have at least ", " item", ""},
	kwMaxItems:          {"must have at most ", " item", ""},
	kwUniqueItems:       {"must not repeat an item, as item ", "", " does"},
	kwContains:          {before: "must contain an item that the schema asks for"},
	kwMinContains:       {"must contain at least ", " item", " of those the schema asks for"},
	kwMaxContains:       {"must contain at most ", " item", " of those the schema asks for"},
	kwAnyOf:             {before: "must conform to at least one of the schemas in anyOf"},
	kwOneOf:             {before: "must conform to exactly one of the schemas in oneOf"},
	kwNot:               {before: "must not conform to the schema in not"},
	kwContentEncoding:   {before: "must be encoded in base64"},
	kwContentMediaType:  {before: "must hold JSON"},
}

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
	next := func() bool {
		if n++; n > shownValues {
			return false
		}
		if n > 1 {
			w.text(", ")
		}
		return true
	}
	for i := range names.Count {
		if next() {
			w.quoted(t.Name(&t.Slots[names.Slots+uint32(i)]))
		}
	}
	for i := range e.Count {
		if next() {
			w.bytes(t.Text(t.Constants[e.Values+i].Value))
		}
	}
	for i, name := range enumLiterals {
		if e.Flags>>i&1 != 0 && next() {
			w.text(name)
		}
	}
	if n > shownValues {
		w.text(" and ")
		w.int(n - shownValues)
		w.text(" more")
	}
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
