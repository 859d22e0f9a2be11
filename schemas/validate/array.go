package validate

import (
	"weir/schemas/bundle"
	"weir/schemas/scan"
)

// array evaluates the node on the array at doc[start].
//
//go:noinline
//go:nobounds
func (r *Run) array(id uint32, start int) int {
	top := r.top
	if !r.enter(start) {
		return -1
	}
	doc, t := r.doc, r.t
	a := &t.Arrays[t.Nodes[id].Array]
	track := r.track
	r.track = false
	extents := len(r.extent)

	items, matches := uint32(0), uint32(0)
	i := start + 1
	if i < len(doc) && doc[i] <= ' ' {
		i = scan.Space(doc, i)
	}
	if i < len(doc) && doc[i] == ']' {
		i++
	} else {
		for {
			child, s := a.Items, stepItems
			if items < a.PrefixCount {
				child, s = t.Refs[a.Prefix+items], stepPrefix
			}
			if a.Flags&bundle.LegacyItems != 0 {
				s = legacyItems(a, items)
			}
			r.frames[top] = frame{uint32(s)<<stepShift | min(items, a.PrefixCount), items}
			item := i
			if i = r.value(child, i); i < 0 {
				return -1
			}
			if track && (items < a.PrefixCount || a.Flags&bundle.HasAdditional != 0) {
				r.evaluated(int(items))
			}
			if a.Contains != bundle.None {
				if r.try(stepContains, 0, a.Contains, item, i) {
					matches++
					if track && a.Flags&bundle.ContainsMarks != 0 {
						r.evaluated(int(items))
					}
				} else if r.dead {
					return -1
				}
			}
			if a.Flags&bundle.UniqueItems != 0 && !r.item(item, i) {
				return -1
			}
			items++
			if i < len(doc) && doc[i] <= ' ' {
				i = scan.Space(doc, i)
			}
			if i >= len(doc) || doc[i] != ',' {
				break
			}
			if i++; i < len(doc) && doc[i] <= ' ' {
				i = scan.Space(doc, i)
			}
		}
		if i >= len(doc) || doc[i] != ']' {
			return r.unexpected(i)
		}
		i++
	}

	r.far = max(r.far, i)
	r.depth++
	r.top = top
	r.track = track
	if items < a.MinItems && !r.violate(id, kwMinItems, 0, start) {
		return -1
	}
	if items > a.MaxItems && !r.violate(id, kwMaxItems, 0, start) {
		return -1
	}
	if a.Contains != bundle.None && !r.contains(id, a, matches, start) {
		return -1
	}
	if len(r.extent) > extents {
		second := r.equalPair(r.extent[extents:], false)
		if r.dead || second > 0 && !r.violate(id, kwUniqueItems, uint32(second), start) {
			return -1
		}
		r.extent = r.extent[:extents]
	}
	return i
}

// item keeps the item doc[i:end] to compare it with others.
//
//go:noinline
func (r *Run) item(i, end int) bool {
	h, ok := r.hash(i, end)
	if ok {
		r.remember(extent{h, uint32(i), uint32(end)})
	}
	return ok
}

// contains checks how many items match.
//
//go:noinline
//go:nobounds
func (r *Run) contains(id uint32, a *bundle.Array, matches uint32, start int) bool {
	if matches < a.MinContains {
		k := kwMinContains
		if matches == 0 {
			k = kwContains
		}
		if !r.violate(id, k, 0, start) {
			return false
		}
	}
	return matches <= a.MaxContains || r.violate(id, kwMaxContains, 0, start)
}

// legacyItems is the step to an item as drafts up to 2019-09 spell it.
func legacyItems(a *bundle.Array, item uint32) step {
	switch {
	case item < a.PrefixCount:
		return stepTuple
	case a.PrefixCount > 0:
		return stepAdditionalItems
	}
	return stepItems
}
