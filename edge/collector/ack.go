package collector

import (
	"weir/edge/envelope"
	"weir/edge/privacy"
)

// AckRule says when a tracker is answered that sent events of some apps and
// schemas. Its names are patterns in which '*' stands for any run of characters;
// without any, every event is meant.
type AckRule struct {
	Apps    []string
	Schemas []string // keys that classify the event, such as iglu:com.acme/checkout/*
	Ack     envelope.Ack
}

// safety orders the modes by how much has to have happened to a batch before
// its tracker is told.
var safety = [...]uint8{envelope.AckFast: 0, envelope.AckQueued: 1, envelope.AckStored: 2, envelope.AckDelivered: 3}

// ack returns the mode for the events at hand: the safest that one of them is to have.
func (c *Collector) ack() envelope.Ack {
	if len(c.settings.Acks) == 0 || len(c.events) == 0 {
		return c.settings.Ack
	}
	safest := envelope.AckFast
	for i := range c.events {
		if a := c.ackOf(&c.events[i]); safety[a] > safety[safest] {
			safest = a
		}
	}
	return safest
}

// ackOf returns the mode of the first rule that means the event.
func (c *Collector) ackOf(e *envelope.Event) envelope.Ack {
	for i := range c.settings.Acks {
		r := &c.settings.Acks[i]
		if privacy.Listed(r.Apps, e.Get(envelope.AppID)) && (len(r.Schemas) == 0 || privacy.Listed(r.Schemas, c.classOf(e))) {
			return r.Ack
		}
	}
	return c.settings.Ack
}

// classOf returns the schema key that classifies an event, valid until scratch
// is used again.
func (c *Collector) classOf(e *envelope.Event) string {
	if e.Unstruct.Schema != "" || !e.Has(envelope.EventName) {
		return e.Unstruct.Schema
	}
	b := append(c.scratch[:0], "iglu:"...)
	for i, f := range [...]envelope.Field{envelope.EventVendor, envelope.EventName, envelope.EventFormat, envelope.EventVersion} {
		if i > 0 {
			b = append(b, '/')
		}
		b = append(b, e.Get(f)...)
	}
	c.scratch = b
	return envelope.View(b)
}
