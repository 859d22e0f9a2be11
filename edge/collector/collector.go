// Package collector is weir's core: it turns a request into an answer and a
// batch. It does no I/O, knows no clock and no platform, and gives the same
// bytes in every runtime.
package collector

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
)

// Input is one request with everything the core cannot find out for itself.
type Input struct {
	Request   protocol.Request
	NowMillis int64    // the runtime's clock, milliseconds since the Unix epoch
	Entropy   [32]byte // fresh random bytes: ids are made of them
	Location  envelope.Location
	// Trapped says that earlier attempts at this request ended in a trap. It is
	// then routed and answered as usual, but nothing of it is decoded: the body
	// is kept as one failed event, so that a tracker does not resend it for ever.
	Trapped bool
}

// Outcome is what to do about a request: deliver Batch as Ack asks, then send
// Response; send Refusal when nobody took the batch. It is valid until the
// next Collect.
type Outcome struct {
	Response protocol.Response
	Refusal  protocol.Response // 503 with Retry-After and the CORS headers
	Batch    []byte            // bytes to sign and forward; empty when there is nothing to store
	BatchID  string            // the webhook-id to sign with; equals the id in the batch header
	Ack      envelope.Ack
}

// Collector decodes, anonymises, judges and batches. It is not safe for
// concurrent use: a runtime keeps one per instance.
type Collector struct {
	out Outcome
}

// New returns a collector over the adapters, asked in order.
//
// settings is the JSON form of [Settings] (nil for defaults) and bundle the
// compiled schemas (nil for none). Errors name the offending member.
func New(settings, bundle []byte, adapters ...protocol.Adapter) (*Collector, error) {
	return &Collector{}, nil
}

// Collect handles one request. It never fails and never panics: what cannot be
// understood becomes a failed event.
func (c *Collector) Collect(in *Input) *Outcome {
	c.out = Outcome{Response: protocol.Response{Status: 404, Body: []byte("Not found")}}
	return &c.out
}
