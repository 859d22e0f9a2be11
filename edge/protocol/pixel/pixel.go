// Package pixel is the adapter for images that pages and mails ask for, where
// no script runs: GET /pixel/vendor/name/format/1-0-0?field=value. The
// parameters become the data, as strings; a parameter hbp holds the whole data
// instead, JSON in base64 of either alphabet. The answer is a transparent GIF.
//
// The parameters aid, p, eid, tv and nuid mean what they mean to the Snowplow
// tracker protocol and are no data.
package pixel

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
)

// Prefix is what the paths of pixels begin with.
const Prefix = "/pixel/"

// Adapter decodes pixels. Make one with [New]; it is not safe for concurrent use.
type Adapter struct{ doc document.Reader }

// New returns an adapter with the default limits.
func New() *Adapter { return &Adapter{document.Reader{Name: "pixel", Limits: document.Default}} }

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return (r.Method == "GET" || r.Method == "HEAD") && strings.HasPrefix(r.Path, Prefix)
}

// Answer implements [protocol.Answerer].
func (a *Adapter) Answer(*protocol.Request) protocol.Answer { return protocol.Pixel }

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	schema := a.doc.PathKey(Prefix)
	if encoded, ok := a.doc.Parameter("hbp"); ok {
		a.doc.Read(protocol.DecodeBase64(&a.doc.Arena, encoded))
		for a.doc.Next() {
			dst = a.doc.Append(dst, schema, a.doc.Skip())
		}
		return dst, a.doc.Err()
	}
	if data, ok := a.doc.Fields(r.Query, document.IsParameter); ok {
		return a.doc.Make(dst, schema, data), nil
	}
	return dst, a.doc.Err()
}
