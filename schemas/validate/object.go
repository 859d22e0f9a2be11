package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
	"weir/schemas/validate/pattern"
)

// object evaluates the node on the object at doc[start].
//
//go:noinline
//go:nobounds
func (r *Run) object(id uint32, start int) int {
	top := r.top
	if !r.enter(start) {
		return -1
	}
	doc, t := r.doc, r.t
	o := &t.Objects[t.Nodes[id].Object]
	names := &t.Names[o.Names]
	first, count := names.Slots, int(names.Count)
	track := r.track
	r.track = false
	words, extents := len(r.words), len(r.extent)
	if count > 64 {
		r.words = appendZeros(r.words, (count-1)/64)
	}

	var seen uint64 // slots 0 to 63; the rest is in words
	members := 0
	hint := &r.hints[first%hintCount]
	i := start + 1
	if i < len(doc) && doc[i] <= ' ' {
		i = scan.Space(doc, i)
	}
	if i >= len(doc) || doc[i] != '}' {
		for {
			// Space is looked for where nothing else fits.
			if i >= len(doc) || doc[i] != '"' {
				if i = scan.Space(doc, i); i >= len(doc) || doc[i] != '"' {
					return r.unexpected(i)
				}
			}
			// Look for the expected name before the end of whatever name there is.
			i++
			key, end, ord := i, -1, int(*hint)
			if ord < count {
				if end = t.NameEnd(&t.Slots[int(first)+ord], doc, key); end >= 0 {
					i = end + 2
				}
			}
			if end < 0 {
				if i = r.find(names, key); i < 0 {
					return -1
				}
				if ord = r.found.ord; ord >= 0 {
					*hint = uint16(ord)
				}
				end = r.found.end
			}

			step, node := uint32(stepAdditional)<<stepShift, o.Additional
			if ord >= 0 {
				slot := first + uint32(ord)
				hint = &r.hints[(slot+1)%hintCount]
				if bit := uint64(1) << (ord & 63); ord < 64 && seen&bit == 0 {
					seen |= bit
				} else if (ord < 64 || r.again(words, ord)) && !r.repeated(top, key) {
					return r.stop(end)
				}
				if s := &t.Slots[slot]; s.Declared() {
					step, node = uint32(stepProperty)<<stepShift|slot, s.Node()
				}
			}
			r.frames[top] = frame{step, uint32(key)}
			if o.Extra == 0 {
				i = r.value(node, i)
				if track && i >= 0 && (step != uint32(stepAdditional)<<stepShift || o.Flags&bundle.HasAdditional != 0) {
					r.evaluated(members)
				}
			} else {
				i = r.member(o, key, end, i, track, members)
			}
			if i < 0 {
				return -1
			}
			members++

			if i >= len(doc) || doc[i] != ',' {
				if i = scan.Space(doc, i); i >= len(doc) || doc[i] != ',' {
					break
				}
			}
			i++
		}
		if i >= len(doc) || doc[i] != '}' {
			return r.unexpected(i)
		}
	}
	i++

	r.far = max(r.far, i)
	if len(r.extent) > extents && !r.distinct(top, extents) {
		return -1
	}
	r.depth++
	r.top = top
	r.track = track
	if o.Extra != 0 || o.Required != bundle.None && (count > 64 || t.Masks[o.Required]&^seen != 0) {
		if !r.whole(id, o, seen, words, members, start, i) {
			return -1
		}
	}
	r.words = r.words[:words]
	return i
}

// enter opens the container at doc[start], and makes room for the step to its
// members or items. It reports whether it may be opened.
//
//go:noinline
func (r *Run) enter(start int) bool {
	if r.depth == 0 {
		return r.fault(kwDepth, 0, start) >= 0
	}
	if !r.push(0, 0, start) {
		return false
	}
	r.depth--
	return true
}

// unexpected ends the run at doc[i], which is not what must stand there.
//
//go:noinline
func (r *Run) unexpected(i int) int {
	if i >= len(r.doc) {
		return r.syntax(scan.UnexpectedEnd, i)
	}
	return r.syntax(scan.UnexpectedByte, i)
}

// found is what find found out about a member name.
type found struct {
	ord int // its slot, -1 for none
	end int // its closing quote
}

// find reads the name at doc[key], looks it up and returns where its value
// begins, or space before it.
//
//go:noinline
//go:nobounds
func (r *Run) find(names *bundle.Names, key int) int {
	doc := r.doc
	end := scan.PlainEnd(doc, key)
	name := doc[key:end]
	if end >= len(doc) || doc[end] != '"' {
		if end = r.quote(end); end < 0 {
			return -1
		}
		name = r.name(key, end, r.flags)
	}
	r.found = found{r.t.Find(names, name), end}
	if r.found.ord < 0 {
		r.remember(extent{bundle.Sum(name), uint32(key), uint32(end)})
	}
	i := end + 1
	if i >= len(doc) || doc[i] != ':' {
		if i = scan.Space(doc, i); i >= len(doc) || doc[i] != ':' {
			return r.unexpected(i)
		}
	}
	return i + 1
}

// again notes that there is a member of a slot beyond the first 64, and reports
// whether it was there before.
//
//go:noinline
//go:nobounds
func (r *Run) again(words, ord int) bool {
	word, bit := &r.words[words+ord/64-1], uint64(1)<<(ord&63)
	was := *word
	*word |= bit
	return was&bit != 0
}

// remember keeps a value or name to compare it with others.
//
//go:noinline
//go:nobounds
func (r *Run) remember(x extent) {
	if n := len(r.extent); n < cap(r.extent) {
		r.extent = r.extent[:n+1] // for append, see record
		r.extent[n] = x
		return
	}
	r.extent = append(r.extent, x)
}

// distinct compares the names that no keyword mentions and forgets them.
//
//go:noinline
//go:nobounds
func (r *Run) distinct(top, extents int) bool {
	second := 0
	if len(r.extent) > extents+1 {
		second = r.equalPair(r.extent[extents:], true)
	}
	if r.dead || second > 0 && !r.repeated(top, int(r.extent[extents+second].start)) {
		return false
	}
	r.extent = r.extent[:extents]
	return true
}

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
// propertyNames may have a say. It returns the index after the value. The step
// to the member is in place, as if they had none.
//
//go:noinline
//go:nobounds
func (r *Run) member(o *bundle.Object, key, end, i int, track bool, members int) int {
	i = scan.Space(r.doc, i)
	top := r.top - 1
	step := r.frames[top].step
	e := &r.t.Extras[o.Extra]
	if e.PropertyNames != bundle.Anything {
		r.frames[top] = frame{uint32(stepPropertyNames) << stepShift, uint32(key)}
		if r.value(e.PropertyNames, key-1) < 0 {
			return -1
		}
	}
	after := 0
	if slot := (frame{step: step}); slot.kind() == stepProperty {
		r.frames[top] = frame{step, uint32(key)}
		if after = r.value(r.t.Slots[slot.arg()].Node(), i); after < 0 {
			return -1
		}
	}
	for k := range e.PatternCount {
		rule := &r.t.Rules[e.Patterns+k]
		if !pattern.Match(r.t.String(rule.A), r.name(key, end, scan.Escaped)) {
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
//
//go:noinline
//go:nobounds
func (r *Run) repeated(top, key int) bool {
	r.frames[top] = frame{uint32(stepAdditional) << stepShift, uint32(key)}
	return r.violate(bundle.Anything, kwDuplicateKey, 0, key-1)
}

//go:noinline
func appendZeros(s []uint64, n int) []uint64 {
	for range n {
		s = append(s, 0)
	}
	return s
}
