package snowplow

import (
	"math/bits"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// fingerprint is the MD5 of the event's parameters sorted by name, each as
// name US value US (US being 0x1F), without those that change when an event is
// sent again: eid, nuid, stm and cv. Same id and same fingerprint mean the same event.
//
// Unlike the official pipeline's it leaves out ip as well: all other parameters
// stand in the envelope, so that an address could be found by trying them all.
func (a *Adapter) fingerprint() string {
	a.sum = a.sum[:0]
	extra := a.extra
	seen := a.seen
	for _, id := range [...]int{paramCv, paramEid, paramIP, paramNuid, paramStm} {
		seen[id>>6] &^= 1 << (id & 63)
	}
	for w, word := range seen {
		for ; word != 0; word &= word - 1 {
			id := w<<6 + bits.TrailingZeros64(word)
			name := parameters[id].name
			for len(extra) > 0 && extra[0].Name < name {
				a.addToSum(extra[0].Name, extra[0].Value)
				extra = extra[1:]
			}
			a.addToSum(name, a.values[id])
		}
	}
	for _, p := range extra {
		a.addToSum(p.Name, p.Value)
	}
	var sum string
	sum, a.sum = protocol.Fingerprint(&a.arena, a.sum)
	return sum
}

func (a *Adapter) addToSum(name, value string) {
	a.sum = append(envelope.AppendShort(a.sum, name), protocol.Unit)
	a.sum = append(envelope.AppendShort(a.sum, value), protocol.Unit)
}

// keepExtra keeps a parameter that the protocol does not know, sorted by name;
// the last of a name stays. Few come out of order: an event has no more than
// maxUnknown of them, and those of the query string are sorted once a request.
func (a *Adapter) keepExtra(name, value string) {
	i := len(a.extra)
	for i > 0 && a.extra[i-1].Name > name {
		i--
	}
	if i > 0 && a.extra[i-1].Name == name {
		a.extra[i-1].Value = value
		return
	}
	a.extra = append(a.extra, envelope.Parameter{})
	copy(a.extra[i+1:], a.extra[i:])
	a.extra[i] = envelope.Parameter{Name: name, Value: value}
}
