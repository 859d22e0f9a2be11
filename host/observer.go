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

// failedSink names the store of failed events in metrics and status.
const failedSink = "weir.failed"

// observer returns the route that every host has.
func (h *Host) observer() delivery.Route {
	r := config.NewRoute(observerRoute)
	r.Events = "failed"
	r.Batch.Wait = 100 * time.Millisecond
	return delivery.Route{Settings: r, Sink: delivery.NewSink(failedSink, h.failed), Observe: h.observe}
}

func (h *Host) observe(e sinks.Event) {
	h.metrics.Stored(e, gjson.GetBytes(e.Envelope, "weir.protocol").String())
	h.tail.Publish(e.Envelope)
}
