// Package all lists the wire formats that weir's edges read, once for every
// runtime: the golden suite holds them to the same bytes. An edge of your own
// can list fewer in its main, and TinyGo drops what it leaves out.
package all

import (
	"weir/edge/protocol"
	"weir/edge/protocol/cloudevents"
	"weir/edge/protocol/ga4"
	"weir/edge/protocol/matomo"
	"weir/edge/protocol/ndjson"
	"weir/edge/protocol/otlp"
	"weir/edge/protocol/pixel"
	"weir/edge/protocol/plausible"
	"weir/edge/protocol/segment"
	"weir/edge/protocol/selfdescribing"
	"weir/edge/protocol/snowplow"
	"weir/edge/protocol/webhook"
)

// Adapters returns new adapters in the order in which they are asked.
func Adapters() []protocol.Adapter {
	return []protocol.Adapter{
		snowplow.New(),
		selfdescribing.New(),
		cloudevents.New(),
		webhook.New(),
		pixel.New(),
		segment.New(),
		ga4.New(),
		plausible.New(),
		matomo.New(),
		otlp.New(),
		ndjson.New(),
	}
}
