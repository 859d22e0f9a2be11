package snowplow

import (
	"slices"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// readQuery decodes the query string once for all events of the request. It
// returns false if the string holds too many parameters.
func (a *Adapter) readQuery(query string) bool {
	a.query = a.query[:0]
	q := protocol.NewQuery(query)
	for {
		name, value, ok := q.Next()
		switch {
		case !ok:
			a.sortUnknown()
			return true
		case len(a.query) == maxParameters:
			return false
		}
		name = protocol.Unescape(&a.arena, name, true)
		id := lookup(name)
		value = protocol.Unescape(&a.arena, value, id != paramCx && id != paramUePx)
		a.query = append(a.query, queryParameter{id, name, value})
	}
}

// sortUnknown moves the names that the protocol does not know behind the others
// and sorts them, so that each event finds them in order. Of equal names the
// last stays last.
func (a *Adapter) sortUnknown() {
	slices.SortStableFunc(a.query, func(p, q queryParameter) int {
		if p.id >= 0 || q.id >= 0 {
			return min(q.id, 0) - min(p.id, 0)
		}
		return strings.Compare(p.name, q.name)
	})
}

// decodeQuery reads the one event of a GET.
func (a *Adapter) decodeQuery(dst []envelope.Event, r *protocol.Request) []envelope.Event {
	dst, e := envelope.Next(dst)
	a.begin()
	a.finish(e, r)
	return dst
}
