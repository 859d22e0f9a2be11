package collector

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// decode turns the request into events. A request, or the rest of one, in
// which none can be read becomes one failed event that keeps its bytes.
// adapter is nil where nothing is mapped to the path.
func (c *Collector) decode(adapter protocol.Adapter, trapped bool) {
	c.events = c.events[:0]
	r := &c.request
	name := "unmapped"
	if adapter != nil {
		name = adapter.Name()
	}
	if r.BodyTooLarge || len(r.Body) > c.settings.Limits.Body {
		c.oversize(name, r.Body[:min(len(r.Body), c.settings.Limits.Body)], c.settings.Limits.Body, "as received")
		return
	}
	if trapped {
		c.failUnread(name, "trap", "decoding the request ended in a fault of the collector")
		return
	}
	if !c.inflate(name) {
		return
	}
	if adapter == nil {
		c.fail(name, r.Body, envelope.Violation{Keyword: "path", Message: "no protocol is mapped to the path of the request"})
		return
	}
	var err error
	c.events, err = adapter.Decode(c.events, r)
	if err == nil {
		return
	}
	v, from := envelope.Violation{Keyword: "decode", Message: err.Error()}, 0
	if fault, ok := err.(*protocol.Fault); ok {
		v, from = fault.Violation, fault.From
		if fault.Confidential {
			c.fail(name, nil, v)
			c.events[len(c.events)-1].Payload = ""
			return
		}
	}
	c.fail(name, r.Body[from:], v)
}

// inflate replaces a gzip body by what it holds. It returns false once it has
// made a failed event of a body that cannot be read.
func (c *Collector) inflate(name string) bool {
	r := &c.request
	encoding := protocol.Single(r.Header("Content-Encoding"))
	switch {
	case encoding == "" || strings.EqualFold(encoding, "identity") || len(r.Body) == 0:
		return true
	case !strings.EqualFold(encoding, "gzip") && !strings.EqualFold(encoding, "x-gzip"):
		c.failUnread(name, "contentEncoding", "Content-Encoding must be gzip or absent")
		return false
	}
	body, err := c.inflater.gunzip(r.Body, c.settings.Limits.Inflated)
	switch err {
	case nil:
		r.Body = body
		return true
	case errInflatedTooLarge:
		c.oversize(name, body, c.settings.Limits.Inflated, "once inflated")
	case errNotGzip:
		c.failUnread(name, "contentEncoding", err.Error())
	default:
		c.fail(name, body, envelope.Violation{Keyword: "contentEncoding", Message: err.Error()})
	}
	return false
}

// failUnread makes a failed event of a body as it was received.
// Bytes that are no text are not kept: nothing could take an address out of them.
func (c *Collector) failUnread(name, keyword, message string) {
	body := c.request.Body
	if !utf8.Valid(body) {
		body = nil
	}
	c.fail(name, body, envelope.Violation{Keyword: keyword, Message: message})
}

// oversize makes a failed event of a body beyond its limit: a tenth of what the limit allows is kept.
func (c *Collector) oversize(name string, body []byte, limit int, when string) {
	kept := front(body, limit/10)
	if c.request.Header("Content-Encoding") != "" && when == "as received" {
		kept = nil // no text, and not enough to be inflated
	}
	message := append(c.arena.Bytes(80), "the body must hold no more than "...)
	message = append(append(strconv.AppendInt(message, int64(limit), 10), " bytes "...), when...)
	c.fail(name, kept, envelope.Violation{
		Keyword: "size_violation",
		Message: c.arena.KeepString(message),
	})
}

// fail appends a failed event that keeps the request: its body, else its query string.
func (c *Collector) fail(name string, body []byte, v envelope.Violation) {
	var e *envelope.Event
	c.events, e = envelope.Next(c.events)
	e.Protocol = name
	if e.Payload = envelope.View(body); len(body) == 0 {
		e.Payload = c.request.Query
	}
	e.Violate(v)
}
