package document

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// Columns adds an event that needs no data, of a type that Snowplow trackers
// send as such: page_view, page_ping or struct. sent is what it was read from,
// of which its fingerprint is made.
func (d *Reader) Columns(dst []envelope.Event, kind string, sent []byte) []envelope.Event {
	dst, e := d.begin(dst, kind, kind, sent)
	vendor, name := "com.snowplowanalytics.snowplow", kind
	if kind == "struct" {
		vendor, name = "com.google.analytics", "event"
	}
	e.Set(envelope.EventVendor, vendor)
	e.Set(envelope.EventName, name)
	e.Set(envelope.EventFormat, "jsonschema")
	e.Set(envelope.EventVersion, "1-0-0")
	return dst
}

// begin adds an event of a type, whose fingerprint is made of a name and what was sent.
func (d *Reader) begin(dst []envelope.Event, kind, name string, sent []byte) ([]envelope.Event, *envelope.Event) {
	dst, e := envelope.Next(dst)
	e.Protocol, e.Offset, e.Confidential = d.Name, d.start, d.confidential()
	d.sum = append(append(append(d.sum[:0], name...), protocol.Unit), sent...)
	sum, grown := protocol.Fingerprint(&d.Arena, d.sum)
	d.sum = grown
	e.Set(envelope.EventFingerprint, sum)
	e.Set(envelope.EventType, kind)
	e.Set(envelope.Platform, "srv")
	d.parameters(e)
	return dst, e
}

// AppendMember appends a member to the members of an object: a string, or a
// value that is JSON as it is.
func AppendMember(b []byte, name, value string, bare bool) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(envelope.AppendString(b, name), ':')
	if bare {
		return append(b, value...)
	}
	return envelope.AppendString(b, value)
}

// IsNumber reports whether s is a number of JSON.
func IsNumber(s string) bool {
	scanner := scan.New(envelope.ViewBytes(s))
	return scanner.Kind() == scan.Number && scanner.Skip() != nil && scanner.End() && strings.TrimSpace(s) == s
}

// Members makes an object of its members, in memory of the arena.
func (d *Reader) Members(members []byte) []byte {
	b := append(d.Arena.Bytes(len(members)+2), '{')
	return d.Arena.Keep(append(append(b, members...), '}'))
}
