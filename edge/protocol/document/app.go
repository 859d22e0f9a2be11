package document

import (
	"strings"

	"weir/edge/envelope"
)

// App sets app_id to what the setting apps says of a key of the sender's, unless
// the parameter aid named one. A key of which it says nothing is its own app_id
// if it is public, as a measurement id is, and none if it is a secret.
func (d *Reader) App(e *envelope.Event, name, key string, public bool) {
	if key == "" || e.Has(envelope.AppID) {
		return
	}
	for i := range d.Apps {
		if d.Apps[i].Key == key {
			e.Set(envelope.AppID, d.Apps[i].ID)
			return
		}
	}
	if public {
		e.Fill(&d.Arena, envelope.AppID, name, key)
	}
}

// confidential reports whether a secret stands in what would be kept of the
// current document: the body from there on, or the query string where there is none.
func (d *Reader) confidential() bool {
	if d.start == len(d.request.Body) {
		return d.secrets.query
	}
	return d.secrets.body && d.isSecret(envelope.View(d.request.Body[d.start:]))
}

// isSecret reports whether the name of a secret stands in text.
func (d *Reader) isSecret(text string) bool {
	for _, name := range d.Secrets {
		if strings.Contains(text, name) {
			return true
		}
	}
	return false
}
