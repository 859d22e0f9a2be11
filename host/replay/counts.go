package replay

import (
	"cmp"
	"slices"
	"time"

	"weir/sinks"
)

// Counts say how many events there are, and of what kinds.
type Counts struct {
	Events int64     `json:"events"`
	Bytes  int64     `json:"bytes"` // of envelopes
	First  time.Time `json:"first,omitzero"`
	Last   time.Time `json:"last,omitzero"`
	Groups []Group   `json:"groups,omitempty"` // the largest first
	// Others are events beyond maxGroups groups.
	Others int64 `json:"others,omitempty"`
}

// Group is the events of one app and schema.
type Group struct {
	App    string `json:"app"`
	Schema string `json:"schema"`
	Events int64  `json:"events"`
	Bytes  int64  `json:"bytes"`
}

// maxGroups bounds what trackers can make a count remember.
const maxGroups = 1000

func (c *Counts) add(e sinks.Event, at time.Time) {
	size := int64(len(e.Envelope))
	c.merge(Counts{Events: 1, Bytes: size, First: at, Last: at, Groups: []Group{{e.App, e.Schema, 1, size}}})
}

// Add adds another count.
func (c *Counts) Add(d Counts) {
	c.merge(d)
	slices.SortStableFunc(c.Groups, func(a, b Group) int { return cmp.Compare(b.Events, a.Events) })
}

func (c *Counts) merge(d Counts) {
	c.Events += d.Events
	c.Bytes += d.Bytes
	c.Others += d.Others
	if !d.First.IsZero() && (c.First.IsZero() || d.First.Before(c.First)) {
		c.First = d.First
	}
	if d.Last.After(c.Last) {
		c.Last = d.Last
	}
	for _, g := range d.Groups {
		i := slices.IndexFunc(c.Groups, func(h Group) bool { return h.App == g.App && h.Schema == g.Schema })
		switch {
		case i >= 0:
			c.Groups[i].Events += g.Events
			c.Groups[i].Bytes += g.Bytes
		case len(c.Groups) < maxGroups:
			c.Groups = append(c.Groups, g)
		default:
			c.Others += g.Events
		}
	}
}
