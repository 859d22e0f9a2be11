// Package protocol defines what the collector knows of HTTP and of wire
// formats: a neutral request and response, and the adapter that turns one into
// events. Each wire format is a folder of its own.
package protocol

import "weir/edge/envelope"

// Request is an HTTP request as a runtime read it. Its strings and bytes
// belong to the runtime and stay valid until the next request.
type Request struct {
	Method  string // upper case
	Path    string // as sent, percent-encoded, without the query
	Query   string // as sent, without '?'
	Host    string // the Host header, port included
	Secure  bool   // the client spoke TLS
	Headers []Header
	Body    []byte
	// ClientIP is the address that the platform vouches for, never a header
	// that a client can set. Empty when the platform does not know.
	ClientIP string
	// BodyTooLarge says that the runtime stopped reading at its limit: Body is a prefix.
	BodyTooLarge bool
}

// Header returns the value of the first header of that name, compared without
// regard to ASCII case, or "".
func (r *Request) Header(name string) string {
	for i := range r.Headers {
		if equalFold(r.Headers[i].Name, name) {
			return r.Headers[i].Value
		}
	}
	return ""
}

// Response is an HTTP response for a runtime to send. Headers of the same name
// (Set-Cookie) are sent apart, never joined.
type Response struct {
	Status  int
	Headers []Header
	Body    []byte
}

// Adapter turns the requests of one wire format into canonical events.
type Adapter interface {
	// Name is the protocol's name in envelopes, metrics and policies.
	Name() string
	// Match reports whether the request is of this format, by method, path and headers alone.
	Match(r *Request) bool
	// Decode appends the request's events to dst. Events decoded before an error
	// are still returned. What it appends refers to the request's bytes.
	Decode(dst []envelope.Event, r *Request) ([]envelope.Event, error)
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		x, y := a[i], b[i]
		if x-'A' < 26 {
			x += 'a' - 'A'
		}
		if y-'A' < 26 {
			y += 'a' - 'A'
		}
		if x != y {
			return false
		}
	}
	return true
}
