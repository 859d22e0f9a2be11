package validate

import (
	"unicode/utf8"
	"unsafe"

	"weir/schemas/scan"
	"weir/schemas/validate/format"
)

// text checks s, the string at doc[i], which is of length code points, against
// everything but its type.
//
//go:noinline
//go:nobounds
func (r *Run) text(id uint32, i int, s []byte, length int) bool {
	n := &r.t.Nodes[id]
	if uint64(length) > uint64(n.MaxLength) && !r.violate(id, kwMaxLength, 0, i) {
		return false
	}
	if uint64(length) < uint64(n.MinLength) && !r.violate(id, kwMinLength, 0, i) {
		return false
	}
	if n.Enum != 0 {
		e := &r.t.Enums[n.Enum]
		if r.t.Find(&r.t.Names[e.Names], s) < 0 && !r.violate(id, enumKeyword(e), 0, i) {
			return false
		}
	}
	if n.Pattern != 0 && !r.matches(n.Pattern, s) && !r.violate(id, kwPattern, 0, i) {
		return false
	}
	if n.Format != 0 && !format.Check(format.ID(n.Format), s) && !r.violate(id, kwFormat, 0, i) {
		return false
	}
	return n.Content == 0 || r.content(id, n.Content, s, i)
}

// unplain is text for the string doc[i:quote+1], which holds escape sequences or
// is not ASCII.
//
//go:noinline
//go:nobounds
func (r *Run) unplain(id uint32, i, quote int, flags scan.Flags) bool {
	n := &r.t.Nodes[id]
	s := r.doc[i+1 : quote]
	if flags&scan.Escaped != 0 {
		if n.MinLength == 0 && n.Pattern|n.Enum == 0 && n.Format|n.Content == 0 && len(s) <= int(n.MaxLength) {
			return true // unescaping makes it shorter only
		}
		r.plain = scan.Text{Raw: s, Escaped: true}.Append(r.plain[:0])
		s = r.plain
	}
	// A code point is one to four bytes: count only where that does not decide.
	length := len(s)
	if uint64(length) > uint64(n.MaxLength) || uint64(length) < 4*uint64(n.MinLength) {
		// RuneCount would copy what is not ASCII to TinyGo's heap.
		length = utf8.RuneCountInString(unsafe.String(unsafe.SliceData(s), len(s)))
	}
	return r.text(id, i, s, length)
}
