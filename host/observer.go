package host

import (
	"time"

	"github.com/tidwall/gjson"

	"weir/host/config"
	"weir/host/delivery"
	"weir/sinks"
)

// observerRoute reads every event, judged, for the live page, the counters and
// the store of failed events. Configured routes cannot be called this: their
// names hold no dot.
const observerRoute = "weir.observer"

// observer returns the route that every host has.
func (h *Host) observer() delivery.Route {
	r := config.NewRoute(observerRoute)
	r.Events = "failed"
	r.Batch.Wait = 100 * time.Millisecond
	return delivery.Route{Settings: r, Sink: delivery.NewSink(observerRoute, h.failed), Observe: h.observe}
}

func (h *Host) observe(e sinks.Event) {
	h.metrics.Stored(e, gjson.GetBytes(e.Envelope, "weir.protocol").String())
	h.tail.Publish(e.Envelope)
}
