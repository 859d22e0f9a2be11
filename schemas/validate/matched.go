package validate

import (
	"weir/schemas/scan"
	"weir/schemas/validate/pattern"
)

// matched is a string that matched a pattern. What is long and has a pattern is
// mostly the name of something, of which senders use a few over and over: the
// URIs of schemas above all. To compare one takes a fraction of matching it.
type matched struct {
	pattern uint32 // in Strings
	length  uint32 // 0 for none
	text    [matchedLongest]byte
}

const (
	matchedCount    = 16 // a power of two
	matchedShortest = 24 // below, matching is as quick
	matchedLongest  = 96
)

// matches reports whether s matches the pattern.
//
//go:nobounds
func (r *Run) matches(p uint32, s []byte) bool {
	table := &r.t.Strings[p]
	if len(s) < matchedShortest || len(s) > matchedLongest {
		return pattern.Match(r.t.Bytes[table.Off:table.Off+table.Len], s)
	}
	// Versions of a schema differ in the last byte.
	m := &r.matched[(p+uint32(len(s))+uint32(s[len(s)-1]))%matchedCount]
	if m.pattern == p && m.length == uint32(len(s)) && sameText(m.text[:], s) {
		return true
	}
	if !pattern.Match(r.t.Bytes[table.Off:table.Off+table.Len], s) {
		return false
	}
	m.pattern, m.length = p, uint32(len(s))
	copy(m.text[:], s)
	return true
}

// sameText reports whether a begins with b, of which there are at least eight bytes.
//
//go:nobounds
func sameText(a, b []byte) bool {
	last := len(b) - 8
	for i := 0; i < last; i += 8 {
		if scan.Uint64(a, i) != scan.Uint64(b, i) {
			return false
		}
	}
	return scan.Uint64(a, last) == scan.Uint64(b, last)
}

// forgetMatches makes room for those of another set.
func (r *Run) forgetMatches() {
	for i := range r.matched {
		r.matched[i].length = 0
	}
	r.matchedSet = r.set
}
