package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/format"
)

// AppendMessage appends a sentence that says what was expected. It quotes the
// schema, never the document.
func (v *Violation) AppendMessage(dst []byte) []byte {
	t := &v.set.b.Tables
	n := v.nodeOf()
	number, array, object := &t.Numbers[n.Number], &t.Arrays[n.Array], &t.Extras[t.Objects[n.Object].Extra]
	switch v.keyword {
	case kwSyntax:
		dst = append(append(dst, "is not JSON: "...), scan.Code(v.arg).String()...)
		return scan.AppendInt(append(dst, " at byte "...), int(v.at))
	case kwDepth:
		return append(dst, "is nested too deep"...)
	case kwFuel:
		return append(dst, "takes too much work to check against this schema"...)
	case kwDuplicateKey:
		return append(dst, "must stand in its object once, not twice"...)
	case kwFalse:
		return v.appendForbidden(dst)
	case kwType:
		return appendTypes(append(dst, "must be "...), n.Types)
	case kwEnum:
		return v.appendEnum(append(dst, "must be one of "...))
	case kwConst:
		return v.appendEnum(append(dst, "must be "...))
	case kwMinLength:
		return appendCount(append(dst, "must be at least "...), n.MinLength, " character", " long")
	case kwMaxLength:
		return appendCount(append(dst, "must be at most "...), n.MaxLength, " character", " long")
	case kwPattern:
		return append(dst, "must match the pattern of the schema"...)
	case kwFormat:
		return append(append(dst, "must have the format "...), format.ID(n.Format).Name()...)
	case kwMinimum, kwExclusiveMinimum:
		dst = append(dst, "must be "...)
		if number.Flags&bundle.ExclusiveMin == 0 {
			dst = append(dst, "at least "...)
		} else {
			dst = append(dst, "greater than "...)
		}
		return v.appendDecimal(dst, number.Min)
	case kwMaximum, kwExclusiveMaximum:
		dst = append(dst, "must be "...)
		if number.Flags&bundle.ExclusiveMax == 0 {
			dst = append(dst, "at most "...)
		} else {
			dst = append(dst, "less than "...)
		}
		return v.appendDecimal(dst, number.Max)
	case kwMultipleOf:
		return v.appendDecimal(append(dst, "must be a multiple of "...), number.Multiple)
	case kwRequired:
		return v.appendName(append(dst, "must have the member "...))
	case kwDependencies, kwDependentRequired:
		return append(v.appendName(append(dst, "must have the member "...)), ", since it has another that calls for it"...)
	case kwMinProperties:
		return appendCount(append(dst, "must have at least "...), object.MinProperties, " member", "")
	case kwMaxProperties:
		return appendCount(append(dst, "must have at most "...), object.MaxProperties, " member", "")
	case kwMinItems:
		return appendCount(append(dst, "must have at least "...), array.MinItems, " item", "")
	case kwMaxItems:
		return appendCount(append(dst, "must have at most "...), array.MaxItems, " item", "")
	case kwUniqueItems:
		return append(scan.AppendInt(append(dst, "must not repeat an item, as item "...), int(v.arg)), " does"...)
	case kwContains:
		return append(dst, "must contain an item that the schema asks for"...)
	case kwMinContains:
		return appendCount(append(dst, "must contain at least "...), array.MinContains, " item", " of those the schema asks for")
	case kwMaxContains:
		return appendCount(append(dst, "must contain at most "...), array.MaxContains, " item", " of those the schema asks for")
	case kwAnyOf:
		return appendFailed(append(dst, "must conform to at least one of the schemas in anyOf"...), v.arg)
	case kwOneOf:
		dst = append(dst, "must conform to exactly one of the schemas in oneOf"...)
		if v.arg == 0 {
			return append(dst, ", not to several"...)
		}
		return appendFailed(dst, v.arg)
	case kwNot:
		return append(dst, "must not conform to the schema in not"...)
	}
	return append(dst, "is not valid"...)
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

func appendCount(dst []byte, n uint32, noun, after string) []byte {
	dst = append(scan.AppendInt(dst, int(n)), noun...)
	if n != 1 {
		dst = append(dst, 's')
	}
	return append(dst, after...)
}
