package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/format"
)

// Value is the offending value as it stands in the document, nil where there
// is none: after "syntax", "depth" and "fuel". It is the only thing about a
// violation that shows what the sender sent; keep it from logs that may not.
func (v *Violation) Value() []byte {
	if v.keyword == kwSyntax || v.keyword == kwDepth || v.keyword == kwFuel {
		return nil
	}
	end, code := scan.ValueEnd(v.doc, int(v.at), scan.MaxDepth)
	if code != scan.OK {
		return nil
	}
	return v.doc[v.at:end]
}

// Type is the JSON type of the offending value, such as "string", or "" where
// there is no value. It tells integers from other numbers by how they are written.
func (v *Violation) Type() string {
	value := v.Value()
	if value == nil {
		return ""
	}
	switch value[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	for _, c := range value {
		if c == '.' || c == 'e' || c == 'E' {
			return "number"
		}
	}
	return "integer"
}

// AppendExpected appends what the keyword asked for, without a sentence around
// it: the bound, the name of the missing member, the types, the format. It
// appends nothing for keywords that hold schemas, for patterns, whose text is
// not part of a bundle, and for weir's own codes.
func (v *Violation) AppendExpected(dst []byte) []byte {
	w := writer{dst}
	n := v.nodeOf()
	number := &v.set.b.Numbers[n.Number]
	switch v.keyword {
	case kwType:
		writeTypeKeywords(&w, n.Types)
	case kwEnum, kwConst:
		v.writeEnum(&w)
	case kwMinLength, kwMaxLength, kwMinProperties, kwMaxProperties, kwMinItems, kwMaxItems, kwMinContains, kwMaxContains:
		w.int(int(v.limit()))
	case kwFormat:
		w.text(format.ID(n.Format).Name())
	case kwMinimum, kwExclusiveMinimum:
		v.writeDecimal(&w, number.Min)
	case kwMaximum, kwExclusiveMaximum:
		v.writeDecimal(&w, number.Max)
	case kwMultipleOf:
		v.writeDecimal(&w, number.Multiple)
	case kwRequired, kwDependencies, kwDependentRequired:
		w.bytes(v.slotName())
	}
	return w.b
}

// AppendHolderPath appends, in the form of [Violation.AppendDotPath], the path
// of the object that holds a member which must not be there, and the name of
// that member to name. For other violations ok is false.
func (v *Violation) AppendHolderPath(path, name []byte) (p, n []byte, ok bool) {
	last := len(v.steps) - 1
	if last < 0 || !v.steps[last].kind().intoMember() || v.keyword != kwFalse && v.keyword != kwDuplicateKey {
		return path, name, false
	}
	holder := *v
	holder.steps = v.steps[:last]
	return holder.AppendDotPath(path), v.appendMember(name, v.steps[last], false), true
}

// typeKeywords are the values of the keyword type, widest first.
var typeKeywords = [...]struct {
	bits uint8
	name string
}{
	{bundle.TypeObject, "object"},
	{bundle.TypeArray, "array"},
	{bundle.TypeString, "string"},
	{bundle.TypeNumber, "number"},
	{bundle.TypeInteger, "integer"},
	{bundle.TypeBoolean, "boolean"},
	{bundle.TypeNull, "null"},
}

func writeTypeKeywords(w *writer, types uint8) {
	first := true
	for i := range typeKeywords {
		t := &typeKeywords[i]
		if types&t.bits != t.bits {
			continue
		}
		types &^= t.bits
		if !first {
			w.text(", ")
		}
		w.text(t.name)
		first = false
	}
}
