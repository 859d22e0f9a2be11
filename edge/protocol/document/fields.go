package document

import (
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// maxFields bounds the pairs of a query string or a form.
const maxFields = 256

// Fields makes an object of strings of the pairs of a query string or form
// body, without those that pass says are no data. Of a name that occurs twice
// the last value counts. It fails the request, and returns false, if there are
// more than 256 pairs or one is no UTF-8.
func (d *Reader) Fields(query string, pass func(name string) bool) ([]byte, bool) {
	d.fields = d.fields[:0]
	size := 2
	q := protocol.NewQuery(query)
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		if name = protocol.Unescape(&d.Arena, name, true); pass(name) {
			continue
		}
		value = protocol.Unescape(&d.Arena, value, true)
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			d.Fail("", "syntax", "parameters must be UTF-8, percent-encoded")
			return nil, false
		}
		if len(d.fields) == maxFields {
			d.Fail("", "maxProperties", "must have no more than 256 parameters")
			return nil, false
		}
		size += 6*(len(name)+len(value)) + len(`"":"",`) // each byte \u00xx at worst
		d.put(name, value)
	}
	b := append(d.Arena.Bytes(size), '{')
	for i, f := range d.fields {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(envelope.AppendString(b, f.Name), ':')
		b = envelope.AppendString(b, f.Value)
	}
	return d.Arena.Keep(append(b, '}')), true
}

func (d *Reader) put(name, value string) {
	for i := range d.fields {
		if d.fields[i].Name == name {
			d.fields[i].Value = value
			return
		}
	}
	d.fields = append(d.fields, envelope.Parameter{Name: name, Value: value})
}

// Parameter returns the last value of a parameter of the query string, decoded.
func (d *Reader) Parameter(name string) (value string, ok bool) {
	q := protocol.NewQuery(d.request.Query)
	for n, v, more := q.Next(); more; n, v, more = q.Next() {
		if protocol.Unescape(&d.Arena, n, true) == name {
			value, ok = protocol.Unescape(&d.Arena, v, true), true
		}
	}
	return value, ok
}

// IsForm reports whether the request's body is a form, application/x-www-form-urlencoded.
func IsForm(r *protocol.Request) bool { return hasMedia(r, "application/x-www-form-urlencoded") }

func hasMedia(r *protocol.Request, media string) bool {
	t := protocol.Single(r.Header("Content-Type"))
	return len(t) >= len(media) && strings.EqualFold(t[:len(media)], media) && (len(t) == len(media) || t[len(media)] == ';' || t[len(media)] == ' ')
}

// PathKey returns the schema key that stands in the request's path behind a prefix.
func (d *Reader) PathKey(prefix string) string {
	path := strings.TrimSuffix(d.request.Path[len(prefix):], "/")
	b := append(d.Arena.Bytes(len("iglu:")+len(path)), "iglu:"...)
	return d.Arena.KeepString(append(b, path...))
}
