package validate

import (
	"encoding/binary"

	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/pattern"
)

// object evaluates the node on the object at doc[start].
//
//go:nobounds
func (r *Run) object(id uint32, n *bundle.Node, start int) int {
	if r.depth == 0 {
		return r.fault(kwDepth, 0, start)
	}
	top := r.top
	if !r.push(0, 0, start) {
		return -1
	}
	r.depth--
	doc, t := r.doc, r.t
	o := &t.Objects[n.Object]
	names := &t.Names[o.Names]
	slots := t.Slots[names.Slots : names.Slots+uint32(names.Count)]
	track := r.track
	r.track = false
	words, extents := len(r.words), len(r.extent)
	extra := o.Extra != 0 && t.Extras[o.Extra].PatternCount|t.Extras[o.Extra].PropertyNames != 0
	if len(slots) > 64 {
		r.words = appendZeros(r.words, (len(slots)-1)/64)
	}

	var seen uint64 // slots 0 to 63; the rest is in words
	members := 0
	hint := &r.hints[names.Slots%hintCount]
	i := scan.Space(doc, start+1)
	if i < len(doc) && doc[i] == '}' {
		i++
	} else {
		for {
			if i >= len(doc) || doc[i] != '"' {
				return r.syntax(endOr(doc, i), i)
			}
			i++
			key, end, ord := i, 0, -1
			var flags scan.Flags
			var hash uint64
			if next := int(*hint); next < len(slots) {
				// Compare with the expected name and its quote before looking
				// for the end of the string.
				s := &slots[next]
				if n := s.Short(); s.Plain() && i+n+8 <= len(doc) && doc[i+n] == '"' {
					head := binary.LittleEndian.Uint64(doc[i:])
					if n < 8 {
						head &= 1<<(8*n&63) - 1
					}
					if head == s.Head && (n <= 8 || scan.Equal(doc[i+8:i+n], t.Name(s)[8:])) {
						ord, end = next, i+n
					}
				}
			}
			if ord < 0 {
				var code scan.Code
				end, flags, code = scan.StringEnd(doc, i)
				if code != scan.OK {
					return r.syntax(code, end)
				}
				name := r.name(key, end, flags)
				if ord = t.Find(names, name); ord < 0 {
					hash = bundle.Sum(name)
				} else {
					*hint = uint16(ord)
				}
			}
			i = end + 1
			if i >= len(doc) || doc[i] != ':' {
				if i = scan.Space(doc, i); i >= len(doc) || doc[i] != ':' {
					return r.syntax(endOr(doc, i), i)
				}
			}
			if i++; i < len(doc) && doc[i] <= ' ' {
				i = scan.Space(doc, i)
			}

			slot := &noSlot
			if ord >= 0 {
				slot = &slots[ord]
				hint = &r.hints[(names.Slots+uint32(ord)+1)%hintCount]
				bit := uint64(1) << (ord & 63)
				was := seen
				if ord < 64 {
					seen |= bit
				} else {
					word := &r.words[words+ord/64-1]
					was = *word
					*word |= bit
				}
				if was&bit != 0 && !r.repeated(top, key) {
					return r.stop(end)
				}
			} else {
				r.extent = append(r.extent, extent{hash, uint32(key), uint32(end)})
			}
			if extra {
				i = r.member(o, names.Slots, ord, slot, key, end, flags, i, track, members)
			} else if slot.Declared() {
				r.frames[top] = frame{uint32(stepProperty)<<stepShift | (names.Slots + uint32(ord)), uint32(key)}
				i = r.value(slot.Node(), i)
				if track && i >= 0 {
					r.evaluated(members)
				}
			} else {
				r.frames[top] = frame{uint32(stepAdditional) << stepShift, uint32(key)}
				i = r.value(o.Additional, i)
				if track && i >= 0 && o.Flags&bundle.HasAdditional != 0 {
					r.evaluated(members)
				}
			}
			if i < 0 {
				return -1
			}
			members++

			if uint(i) < uint(len(doc)) && doc[i] <= ' ' {
				i = scan.Space(doc, i)
			}
			if i >= len(doc) {
				return r.syntax(scan.UnexpectedEnd, i)
			}
			if doc[i] == ',' {
				if i++; i < len(doc) && doc[i] <= ' ' {
					i = scan.Space(doc, i)
				}
				continue
			}
			if doc[i] != '}' {
				return r.syntax(scan.UnexpectedByte, i)
			}
			i++
			break
		}
	}

	r.far = max(r.far, i)
	if len(r.extent)-extents > 1 {
		second := r.equalPair(r.extent[extents:], true)
		if r.dead || second > 0 && !r.repeated(top, int(r.extent[extents+second].start)) {
			return -1
		}
	}
	r.extent = r.extent[:extents]
	r.depth++
	r.top = top
	r.track = track
	if (o.Required != bundle.None || o.Extra != 0) && !r.whole(id, o, seen, words, members, start, i) {
		return -1
	}
	r.words = r.words[:words]
	return i
}

// noSlot stands in for the slot of a name that no keyword mentions.
var noSlot = bundle.NewSlot("", 0, false)

// name returns the member name between doc[key] and doc[end], unescaped.
func (r *Run) name(key, end int, flags scan.Flags) []byte {
	raw := r.doc[key:end]
	if flags&scan.Escaped == 0 {
		return raw
	}
	r.plain = scan.Text{Raw: raw, Escaped: true}.Append(r.plain[:0])
	return r.plain
}

// member evaluates the value at doc[i] where patternProperties or
// propertyNames have a say. It returns the index after the value.
func (r *Run) member(o *bundle.Object, firstSlot uint32, ord int, slot *bundle.Slot, key, end int, flags scan.Flags, i int, track bool, members int) int {
	top := r.top - 1
	e := &r.t.Extras[o.Extra]
	if e.PropertyNames != bundle.Anything {
		r.frames[top] = frame{uint32(stepPropertyNames) << stepShift, uint32(key)}
		if r.value(e.PropertyNames, key-1) < 0 {
			return -1
		}
	}
	after := 0
	if slot.Declared() {
		r.frames[top] = frame{uint32(stepProperty)<<stepShift | (firstSlot + uint32(ord)), uint32(key)}
		if after = r.value(slot.Node(), i); after < 0 {
			return -1
		}
	}
	for k := range e.PatternCount {
		rule := &r.t.Rules[e.Patterns+k]
		if !pattern.Match(r.t.String(rule.A), r.name(key, end, flags)) {
			continue
		}
		if after != 0 && !r.spend(after-i, i) {
			return -1
		}
		r.frames[top] = frame{uint32(stepPattern)<<stepShift | (e.Patterns + k), uint32(key)}
		if after = r.value(rule.B, i); after < 0 {
			return -1
		}
	}
	if after == 0 {
		r.frames[top] = frame{uint32(stepAdditional) << stepShift, uint32(key)}
		if after = r.value(o.Additional, i); after < 0 {
			return -1
		}
		track = track && o.Flags&bundle.HasAdditional != 0
	}
	if track {
		r.evaluated(members)
	}
	return after
}

// repeated records a member name that the object had before.
func (r *Run) repeated(top, key int) bool {
	r.frames[top] = frame{uint32(stepAdditional) << stepShift, uint32(key)}
	return r.violate(bundle.Anything, kwDuplicateKey, 0, key-1)
}

func endOr(doc []byte, i int) scan.Code {
	if i >= len(doc) {
		return scan.UnexpectedEnd
	}
	return scan.UnexpectedByte
}

func appendZeros(s []uint64, n int) []uint64 {
	for range n {
		s = append(s, 0)
	}
	return s
}
