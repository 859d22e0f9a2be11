package snowplow

import (
	"math/bits"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// begin forgets the parameters of the event before.
func (a *Adapter) begin() {
	a.seen = [len(a.seen)]uint64{}
	a.extra = a.extra[:0]
	a.malformed = false
}

func (a *Adapter) has(id int) bool { return a.seen[id>>6]&(1<<(id&63)) != 0 }

func (a *Adapter) put(id int, value string) {
	a.seen[id>>6] |= 1 << (id & 63)
	a.values[id] = value
}

func (a *Adapter) remove(id int) { a.seen[id>>6] &^= 1 << (id & 63) }

// finish merges the query string over the parameters read so far and turns
// them into columns.
func (a *Adapter) finish(e *envelope.Event, r *protocol.Request) {
	e.Protocol = a.Name()
	for i := range a.query {
		switch q := &a.query[i]; {
		case q.id < 0:
			a.keepExtra(q.name, q.value)
		case q.id == paramNuid && !envelope.IsUUID(q.value):
			e.Reject(q.name, q.value)
		default:
			a.put(q.id, q.value)
		}
	}
	e.Set(envelope.EventFingerprint, a.fingerprint())
	a.preferPlain(e, paramUePr, paramUePx)
	a.preferPlain(e, paramCo, paramCx)
	for w, word := range a.seen {
		for ; word != 0; word &= word - 1 {
			id := w<<6 + bits.TrailingZeros64(word)
			a.convert(e, id, a.values[id])
		}
	}
	if !a.has(paramE) {
		e.Violate(envelope.Violation{Schema: envelope.AtomicSchema, Path: "/event", Keyword: "required", Message: "the parameter e, the type of event, is missing"})
	}
	if e.Get(envelope.EventType) == "unstruct" && !a.has(paramUePr) && !a.has(paramUePx) {
		a.violate(e, &unstructWrapper, -1, "required", "an event of type ue must have the parameter ue_pr or ue_px")
	}
	if referer := r.Header("Referer"); referer != "" && !a.has(paramURL) {
		e.Fill(&a.arena, envelope.PageURL, "url", referer)
	}
	protocol.Classify(e)
}

// preferPlain sets a base64 parameter aside if its plain form was sent too.
func (a *Adapter) preferPlain(e *envelope.Event, plain, encoded int) {
	if a.has(plain) && a.has(encoded) {
		e.Reject(parameters[encoded].name, a.values[encoded])
		a.remove(encoded)
	}
}
