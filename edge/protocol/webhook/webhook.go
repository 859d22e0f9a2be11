// Package webhook is the adapter for JSON that others post as they please: the
// schema stands in the path, /webhook/vendor/name/format/1-0-0. The body is the
// data of one event, or an array of such, whatever its content type says; a form
// becomes an object of strings.
//
// The parameters aid, p, eid, tv and nuid of the query string mean what they
// mean to the Snowplow tracker protocol; other parameters are none of the data.
package webhook

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
)

// Prefix is what the paths of webhooks begin with.
const Prefix = "/webhook/"

// Adapter decodes webhooks. Make one with [New]; it is not safe for concurrent use.
type Adapter struct{ doc document.Reader }

// New returns an adapter with the default limits.
func New() *Adapter { return &Adapter{document.Reader{Name: "webhook", Limits: document.Default}} }

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return r.Method == "POST" && strings.HasPrefix(r.Path, Prefix)
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	schema := a.doc.PathKey(Prefix)
	if document.IsForm(r) {
		if data, ok := a.doc.Fields(envelope.View(r.Body), none); ok {
			return a.doc.Make(dst, schema, data), nil
		}
		return dst, a.doc.Err()
	}
	for a.doc.Next() {
		dst = a.doc.Append(dst, schema, a.doc.Skip())
	}
	return dst, a.doc.Err()
}

func none(string) bool { return false }
