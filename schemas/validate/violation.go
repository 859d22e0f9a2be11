package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// Violation is one keyword that a document broke. It holds no values of the
// document; its paths hold member names. It refers to the document.
type Violation struct {
	set     *Set
	doc     []byte
	steps   []frame // from the root to the schema position
	first   uint32  // where steps begin in Run.steps
	node    uint32
	arg     uint32
	at      uint32
	keyword keyword
}

// Keyword returns the JSON Schema keyword that failed, or one of weir's own
// codes: "syntax" (not JSON), "depth" (nested too deep), "fuel" (the schema
// asks for too much work on this document) or "duplicateKey" (a member name
// that the object had before). A value that is not allowed at all fails the
// keyword whose schema is false, such as "additionalProperties".
//
//go:nobounds
func (v *Violation) Keyword() string {
	if v.keyword == kwFalse && len(v.steps) > 0 {
		return line(stepNames, int(v.steps[len(v.steps)-1].kind()))
	}
	return line(keywordNames, int(v.keyword))
}

// Offset is the byte offset of the offending value in the document. For
// "syntax" it is that of the fault.
func (v *Violation) Offset() int { return int(v.at) }

// AppendPath appends the RFC 6901 pointer of the offending value.
func (v *Violation) AppendPath(dst []byte) []byte {
	for _, f := range v.steps {
		switch {
		case f.kind().intoMember():
			dst = v.appendMember(append(dst, '/'), f, true)
		case f.kind().intoItem():
			dst = scan.AppendInt(append(dst, '/'), int(f.at))
		}
	}
	return dst
}

// AppendDotPath appends the path of the offending value in the form of
// Snowplow's failed events: $.a.b[0].
func (v *Violation) AppendDotPath(dst []byte) []byte {
	dst = append(dst, '$')
	for _, f := range v.steps {
		switch {
		case f.kind().intoMember():
			dst = v.appendMember(append(dst, '.'), f, false)
		case f.kind().intoItem():
			dst = append(scan.AppendInt(append(dst, '['), int(f.at)), ']')
		}
	}
	return dst
}

func (v *Violation) appendMember(dst []byte, f frame, pointer bool) []byte {
	end, flags, code := scan.StringEnd(v.doc, int(f.at))
	if code != scan.OK {
		return dst
	}
	t := scan.Text{Raw: v.doc[f.at:end], Escaped: flags&scan.Escaped != 0}
	if !pointer {
		return t.Append(dst)
	}
	n := len(dst)
	return escapePointer(t.Append(dst), n)
}

// AppendSchemaPath appends the RFC 6901 pointer of the keyword, from the root
// of the schema the program was made of. Where the way leads through a
// reference, so does the pointer: /properties/price/$ref/minimum. For weir's
// own codes there is none.
//
//go:nobounds
func (v *Violation) AppendSchemaPath(dst []byte) []byte {
	if v.keyword < kwFalse {
		return dst
	}
	w := writer{dst}
	t := &v.set.b.Tables
	for _, f := range v.steps {
		if f.kind() == stepNone {
			continue
		}
		w.text("/")
		w.text(line(stepNames, int(f.kind())))
		switch f.kind() {
		case stepProperty, stepDependentSchemas, stepDependencies:
			w.token(t.Name(&t.Slots[f.arg()]))
		case stepPattern:
			w.token(t.String(t.Rules[f.arg()].Kind))
		case stepPrefix, stepTuple, stepAllOf, stepAnyOf, stepOneOf:
			w.text("/")
			w.int(int(f.arg()))
		}
	}
	if v.keyword != kwFalse {
		w.text("/")
		w.text(line(keywordNames, int(v.keyword)))
	}
	return w.b
}

// escapePointer escapes dst[n:] as a reference token of RFC 6901, section 3.
func escapePointer(dst []byte, n int) []byte {
	extra := 0
	for _, c := range dst[n:] {
		if c == '~' || c == '/' {
			extra++
		}
	}
	for range extra {
		dst = append(dst, 0)
	}
	for from, to := len(dst)-extra-1, len(dst)-1; from < to; from-- {
		switch c := dst[from]; c {
		case '~':
			dst[to-1], dst[to] = '~', '0'
			to -= 2
		case '/':
			dst[to-1], dst[to] = '~', '1'
			to -= 2
		default:
			dst[to] = c
			to--
		}
	}
	return dst
}

//go:nobounds
func (v *Violation) nodeOf() *bundle.Node { return &v.set.b.Nodes[v.node] }
