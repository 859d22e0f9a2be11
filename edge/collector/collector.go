// Package collector is weir's core: it turns a request into an answer and a
// batch. It does no I/O, knows no clock and no platform, and gives the same
// bytes in every runtime.
//
// A request goes route ▶ decode ▶ identify ▶ anonymise ▶ validate ▶ verdict ▶
// batch. What can never be right is answered like any other request and
// becomes a failed event; only a 503 asks a tracker to send again.
package collector

import (
	"math/rand/v2"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/schemas/validate"
)

// Input is one request with everything the core cannot find out for itself.
type Input struct {
	Request   protocol.Request
	NowMillis int64    // the runtime's clock, milliseconds since the Unix epoch
	Entropy   [32]byte // fresh random bytes: ids are made of them
	Location  envelope.Location
	Bot       BotScore // zero where the platform has none
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
	settings Settings
	adapters []protocol.Adapter
	schemas  [2]compiled // that a host offers, and those that the collector was made with
	hash     string      // of their bundles
	salts    []Salt      // of the ids of visitors

	out      Outcome
	request  protocol.Request // as adapters see it
	reply    protocol.Answer  // as they complete it: what an interface is handed would be allocated
	random   rand.ChaCha8
	arena    envelope.Arena
	events   []envelope.Event
	returned bool              // the visitor has bounced
	relayed  Input             // without what it says of its sender, and …
	headers  []protocol.Header // … its headers
	sender   sender
	filtered int // events that nothing was kept of, among them …
	refused  int // … those that were not taken from their sender
	unwanted int // … and those of bots
	run      validate.Run
	program  validate.Program // of the last run
	by       *compiled        // whose it is
	spans    []privacy.Span
	batch    []byte
	verdicts []byte // for who asks
	response []protocol.Header
	refusal  []protocol.Header
	scratch  []byte
	inflater inflater
}

// New returns a collector over the adapters, asked in order.
//
// settings is the JSON form of [Settings] (nil for defaults) and bundle the
// compiled schemas (nil for none). Errors name the offending member.
func New(settings, schemas []byte, adapters ...protocol.Adapter) (*Collector, error) {
	s, err := ParseSettings(settings)
	if err != nil {
		return nil, err
	}
	c := &Collector{settings: s, adapters: adapters, salts: s.Visitor.Salts}
	if err := c.readDocuments(); err != nil {
		return nil, err
	}
	if err := c.checkPaths(); err != nil {
		return nil, err
	}
	c.run.MaxDepth = s.Limits.Depth
	for _, a := range adapters {
		if l, ok := a.(protocol.Limiter); ok {
			l.Limit(protocol.Limits{Events: s.Limits.Events, Entities: s.Limits.Entities, Depth: s.Limits.Depth, Strict: s.Strict})
		}
		if n, ok := a.(protocol.AppNamer); ok {
			n.NameApps(s.Apps)
		}
	}
	if len(schemas) > 0 {
		if c.schemas[1], err = openBundle(schemas); err != nil {
			return nil, err
		}
		c.hash = c.schemas[1].hash
	}
	return c, nil
}

// Collect handles one request. It never fails and never panics: what cannot be
// understood becomes a failed event.
func (c *Collector) Collect(in *Input) *Outcome {
	c.guarded(in)
	return &c.out
}

// guarded is apart from Collect so that the deferred call captures nothing:
// TinyGo would allocate for what it captures, at every request.
func (c *Collector) guarded(in *Input) {
	defer c.rescue(in)
	c.collect(in)
}

func (c *Collector) rescue(in *Input) {
	// No input is known to get here. Where a runtime has no recover, it
	// comes back with Trapped.
	if recover() != nil {
		trapped := *in
		trapped.Trapped = true
		c.collect(&trapped)
	}
}

func (c *Collector) collect(in *Input) {
	c.arena.Reset()
	c.request = in.Request
	c.response, c.refusal = c.response[:0], c.refusal[:0]
	c.out, c.filtered = Outcome{Ack: c.settings.Ack}, 0
	c.allowOrigin()
	c.takeKeys()
	if c.extend(in) {
		return
	}
	adapter, answer, ok := c.route()
	if !ok || c.forged(in) {
		return
	}
	if answer.Relayed {
		in = c.relay(in)
	}
	c.random.Seed(in.Entropy)
	c.returned = c.returning()
	batch := c.newID7(in.NowMillis)
	signals := c.signals()
	var id identity
	if answer.Identify {
		id = c.identify(signals&privacy.SPAnonymous != 0)
	}
	c.decode(adapter, in.Trapped)
	c.screen(in, &answer)
	if stance := c.heed(signals, &in.Location); stance >= privacy.Anonymise {
		id.anonymise()
	}
	if c.optedOut() {
		c.forget()
		answer.Identify = false
	}
	if c.bounce(in, &answer, id) {
		return
	}
	c.complete(in, id)
	c.judge()
	c.out.Ack = c.ack()
	if !answer.Dry {
		c.enclose(in, batch, id)
	}
	if r, ok := adapter.(protocol.Reporter); ok {
		c.reply = answer
		c.reply.Filtered = c.filtered
		r.Report(&c.reply, &c.request, c.events)
		answer = c.reply
	}
	if !answer.Dry && c.wantsVerdict() {
		c.tell(&answer, batch)
	}
	c.answer(&answer, id, in.NowMillis)
}
