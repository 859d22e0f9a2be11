package snowplow

import (
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

// decodeQuery reads the one event of a GET.
func (a *Adapter) decodeQuery(dst []envelope.Event, r *protocol.Request) []envelope.Event {
	dst, e := envelope.Next(dst)
	a.begin()
	a.finish(e, r)
	return dst
}
