package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"weir/host/delivery"
	"weir/host/journal"
)

// Gauges computes the state of journal and routes at each scrape.
type Gauges struct {
	Stats  func(context.Context) (journal.Stats, error)
	Status func() []delivery.Status
}

var (
	lagDesc = prometheus.NewDesc("weir_route_lag_batches",
		"Batches that a route has not settled.", []string{"route"}, nil)
	oldestDesc = prometheus.NewDesc("weir_route_oldest_seconds",
		"Age of the oldest batch that a route has not settled, 0 if there is none.", []string{"route"}, nil)
	breakerDesc = prometheus.NewDesc("weir_sink_breaker_open",
		"1 while writes to a sink are held back because it takes none.", []string{"sink"}, nil)
	bytesDesc = prometheus.NewDesc("weir_journal_bytes",
		"Bytes in use in the journal.", nil, nil)
	limitDesc = prometheus.NewDesc("weir_journal_limit_bytes",
		"Bytes at which the journal refuses batches.", nil, nil)
	lettersDesc = prometheus.NewDesc("weir_dead_letters",
		"Dead letters that were not retried.", nil, nil)
	lettersBytesDesc = prometheus.NewDesc("weir_dead_letters_bytes",
		"Bytes that dead letters take in the journal, about. At weir_dead_letters_limit_bytes a route that would leave more behind stands still.", nil, nil)
	lettersLimitDesc = prometheus.NewDesc("weir_dead_letters_limit_bytes",
		"Bytes of dead letters at which routes that leave some behind stand still.", nil, nil)
	quarantinedDesc = prometheus.NewDesc("weir_journal_quarantined",
		"Damaged batches kept apart.", nil, nil)
)

// Describe implements prometheus.Collector.
func (g Gauges) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{lagDesc, oldestDesc, breakerDesc, bytesDesc, limitDesc, lettersDesc, lettersBytesDesc, lettersLimitDesc, quarantinedDesc} {
		c <- d
	}
}

// Collect implements prometheus.Collector.
func (g Gauges) Collect(c chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		c <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stats, err := g.Stats(ctx)
	if err != nil {
		c <- prometheus.NewInvalidMetric(bytesDesc, err)
		return
	}
	gauge(bytesDesc, float64(stats.Bytes))
	gauge(limitDesc, float64(stats.Limit))
	gauge(lettersDesc, float64(stats.DeadLetters))
	gauge(lettersBytesDesc, float64(stats.DeadBytes))
	gauge(lettersLimitDesc, float64(stats.DeadLimit))
	gauge(quarantinedDesc, float64(stats.Quarantined))
	for _, r := range stats.Routes {
		gauge(lagDesc, float64(r.Lag), r.Name)
		age := 0.0
		if !r.Oldest.IsZero() {
			age = time.Since(r.Oldest).Seconds()
		}
		gauge(oldestDesc, age, r.Name)
	}
	open := map[string]float64{}
	for _, s := range g.Status() {
		if s.Breaker != "closed" {
			open[s.Sink] = 1
		} else if open[s.Sink] == 0 {
			open[s.Sink] = 0
		}
	}
	for sink, v := range open {
		gauge(breakerDesc, v, sink)
	}
}
