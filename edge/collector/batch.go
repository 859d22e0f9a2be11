package collector

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"weir/edge/envelope"
)

// enclose writes the batch. The events that would take it beyond its limit
// become one failed event: a tracker would send them again for ever if a host
// refused the batch for its size.
func (c *Collector) enclose(in *Input, batch string, id identity) {
	if len(c.events)+c.filtered == 0 {
		return
	}
	limit := c.settings.Limits.Batch
	loc := c.settings.Privacy.Locate(in.Location)
	header := envelope.Header{ID: batch, Captured: in.NowMillis, Ack: c.out.Ack, Filtered: c.filtered, Refused: c.refused, Bots: c.unwanted, Bundle: c.hash}
	n := 0
	// All that a failed event has besides its payload takes less than 8 KiB.
	c.batch, n = envelope.AppendBatch(c.batch[:0], &header, &loc, c.events, limit, max(limit/8, 8<<10))
	if n < len(c.events) {
		const more = len(`"payload":"",`) + len("\n") + 8 // digits of the header's counts
		room := limit - len(c.batch) - more
		e := c.curtail(n, room, in, id)
		payload := e.Payload
		e.Payload = ""
		c.scratch = e.AppendJSON(c.scratch[:0], &header, &loc, n)
		if room -= len(c.scratch); room < 0 {
			e.Rejected, room = e.Rejected[:0], 0
		}
		e.Payload = envelope.Fit(payload, room)
		c.batch, _ = envelope.AppendBatch(c.batch[:0], &header, &loc, c.events, limit, 0)
	}
	c.out.Batch, c.out.BatchID = c.batch, batch
}

// curtail makes the n-th event, and all after it, one failed event that keeps
// no more than size bytes of what they were sent as: none if something was taken
// out of any of them, or a secret stands in it.
func (c *Collector) curtail(n, size int, in *Input, id identity) *envelope.Event {
	last := n == len(c.events)-1
	redacted := slices.ContainsFunc(c.events[n:], func(e envelope.Event) bool { return e.Redacted || e.Confidential })
	c.events = c.events[:n+1]
	e := &c.events[n]
	message := append(c.arena.Bytes(80), "a batch must take no more than "...)
	message = append(strconv.AppendInt(message, int64(c.settings.Limits.Batch), 10), " bytes"...)
	tooLarge := envelope.Violation{Keyword: "size_violation", Message: c.arena.KeepString(message)}
	if last && e.Payload != "" {
		e.Violate(tooLarge)
		return e
	}
	body := c.request.Body[e.Offset:]
	if len(body) == 0 {
		body = envelope.ViewBytes(c.request.Query)
	}
	name, signs := e.Protocol, e.Signs
	e.Reset()
	e.Protocol, e.Signs = name, signs
	if !redacted {
		e.Payload = envelope.View(front(body, size))
	}
	e.Violate(tooLarge)
	events := c.events
	c.events = events[n:]
	c.complete(in, id)
	c.events = events
	return e
}

// front returns no more than the first n bytes of text. An address that the cut
// would go through is left out: what is left of it would not be known for one.
func front(text []byte, n int) []byte {
	if len(text) <= n {
		return text
	}
	const longest = 45 * len(`\u003a`) // an address of which every character is escaped
	for from := n; n > 0 && from-n < longest && inAddress(text[n-1]); {
		n--
	}
	for i := 0; i < utf8.UTFMax && n > 0 && !utf8.RuneStart(text[n]); i++ {
		n--
	}
	return text[:n]
}

// inAddress reports whether c can stand in an address, or in an escape of one of its characters.
func inAddress(c byte) bool {
	return c-'0' <= 9 || c|0x20-'a' <= 5 || c == '.' || c == ':' || c == '%' || c == '\\' || c == 'u'
}
