package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/format"
)

// AppendMessage appends a sentence that says what was expected. It quotes the
// schema, never the document.
func (v *Violation) AppendMessage(dst []byte) []byte {
	s := &sentences[v.keyword]
	dst = append(dst, s.before...)
	n := v.nodeOf()
	number := &v.set.b.Numbers[n.Number]
	switch v.keyword {
	case kwSyntax:
		dst = append(append(dst, scan.Code(v.arg).String()...), " at byte "...)
		dst = scan.AppendInt(dst, int(v.at))
	case kwFalse:
		dst = v.appendForbidden(dst)
	case kwType:
		dst = appendTypes(dst, n.Types)
	case kwEnum, kwConst:
		dst = v.appendEnum(dst)
	case kwMinLength, kwMaxLength, kwMinProperties, kwMaxProperties, kwMinItems, kwMaxItems, kwMinContains, kwMaxContains:
		dst = appendCount(dst, v.limit(), s.noun)
	case kwFormat:
		dst = append(dst, format.ID(n.Format).Name()...)
	case kwMinimum, kwExclusiveMinimum:
		dst = v.appendBound(dst, number.Flags&bundle.ExclusiveMin != 0, "at least ", "greater than ", number.Min)
	case kwMaximum, kwExclusiveMaximum:
		dst = v.appendBound(dst, number.Flags&bundle.ExclusiveMax != 0, "at most ", "less than ", number.Max)
	case kwMultipleOf:
		dst = v.appendDecimal(dst, number.Multiple)
	case kwRequired, kwDependencies, kwDependentRequired:
		dst = v.appendName(dst)
	case kwUniqueItems:
		dst = scan.AppendInt(dst, int(v.arg))
	case kwAnyOf:
		dst = appendFailed(dst, v.arg)
	case kwOneOf:
		if v.arg == 0 {
			return append(dst, ", not to several"...)
		}
		dst = appendFailed(dst, v.arg)
	}
	return append(dst, s.after...)
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

// appendBound appends the bound of a number.
func (v *Violation) appendBound(dst []byte, exclusive bool, inclusive, beyond string, bound uint32) []byte {
	if exclusive {
		inclusive = beyond
	}
	return v.appendDecimal(append(dst, inclusive...), bound)
}

// appendFailed appends how many branches were tried. What is wrong with the one
// that came furthest are the violations that follow.
func appendFailed(dst []byte, branches uint32) []byte {
	dst = scan.AppendInt(append(dst, ": "...), int(branches))
	if branches == 1 {
		return append(dst, " branch failed"...)
	}
	return append(dst, " branches failed"...)
}

func (v *Violation) appendForbidden(dst []byte) []byte {
	if len(v.steps) > 0 {
		switch v.steps[len(v.steps)-1].kind() {
		case stepAdditional, stepUnevaluatedProps:
			return append(dst, "is not a member that the schema declares"...)
		case stepAdditionalItems, stepItems, stepUnevaluatedItems:
			return append(dst, "is one item more than the schema allows"...)
		}
	}
	return append(dst, "must not be present"...)
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

func appendTypes(dst []byte, types uint8) []byte {
	if types == 0 {
		return append(dst, "absent"...)
	}
	for first := true; types != 0; first = false {
		for _, t := range typeNames {
			if types&t.bits != t.bits {
				continue
			}
			types &^= t.bits
			if !first {
				if types == 0 {
					dst = append(dst, " or "...)
				} else {
					dst = append(dst, ", "...)
				}
			}
			dst = append(dst, t.name...)
			break
		}
	}
	return dst
}

// shownValues is how many values of an enum a message lists.
const shownValues = 8

func (v *Violation) appendEnum(dst []byte) []byte {
	t := &v.set.b.Tables
	e := &t.Enums[v.nodeOf().Enum]
	names := &t.Names[e.Names]
	n := 0
	for i := range names.Count {
		if n++; n <= shownValues {
			dst = append(append(appendComma(dst, n), '"'), t.Name(&t.Slots[names.Slots+uint32(i)])...)
			dst = append(dst, '"')
		}
	}
	for _, c := range t.Constants[e.Values : e.Values+e.Count] {
		if n++; n <= shownValues {
			dst = append(appendComma(dst, n), t.Text(c.Value)...)
		}
	}
	for i, name := range enumLiterals {
		if e.Flags>>i&1 == 0 {
			continue
		}
		if n++; n <= shownValues {
			dst = append(appendComma(dst, n), name...)
		}
	}
	if n > shownValues {
		dst = scan.AppendInt(append(dst, " and "...), n-shownValues)
		dst = append(dst, " more"...)
	}
	return dst
}

// enumLiterals are what the lowest flags of an Enum stand for.
var enumLiterals = [...]string{"null", "true", "false"}

func appendComma(dst []byte, n int) []byte {
	if n > 1 {
		dst = append(dst, ", "...)
	}
	return dst
}

func (v *Violation) appendName(dst []byte) []byte {
	t := &v.set.b.Tables
	return append(append(append(dst, '"'), t.Name(&t.Slots[v.arg])...), '"')
}

// appendDecimal appends the text of a decimal, which stands after it in Strings.
func (v *Violation) appendDecimal(dst []byte, i uint32) []byte {
	return append(dst, v.set.b.String(i+1)...)
}

func appendCount(dst []byte, n uint32, noun string) []byte {
	dst = append(scan.AppendInt(dst, int(n)), noun...)
	if n != 1 {
		dst = append(dst, 's')
	}
	return dst
}
