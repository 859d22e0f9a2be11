// Package metrics counts what the host does, for Prometheus and for the status
// page. Labels that come from events are bounded: beyond a limit they are
// "other".
package metrics

import (
	"cmp"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"weir/host/ingest"
	"weir/sinks"
)

// labelLimit is how many values of a label from events are told apart.
const labelLimit = 200

// Metrics holds the host's counters. It is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry

	requests     *prometheus.CounterVec
	batches      prometheus.Counter
	duplicates   prometheus.Counter
	acknowledged *prometheus.CounterVec
	stored       *prometheus.CounterVec
	delivered    *prometheus.CounterVec
	dead         *prometheus.CounterVec
	dropped      *prometheus.CounterVec
	filtered     *prometheus.CounterVec
	repeated     *prometheus.CounterVec
	writes       *prometheus.HistogramVec
	failures     *prometheus.CounterVec
	answers      *prometheus.HistogramVec
	waits        *prometheus.HistogramVec
	sync         prometheus.Histogram
	group        prometheus.Histogram
	damaged      prometheus.Counter
	withheld     *prometheus.CounterVec
	lines        *prometheus.CounterVec
	stale        prometheus.Gauge

	apps, schemas bounded
	totals        totals
}

type totals struct{ events, good, failed, unresolved, batches, duplicates atomic.Int64 }

// Totals are the counters that the status page shows, since the start.
type Totals struct {
	Events     int64 `json:"events"` // acknowledged, duplicates left out
	Good       int64 `json:"good"`   // read back from the journal, by verdict
	Failed     int64 `json:"failed"`
	Unresolved int64 `json:"unresolved"`
	Batches    int64 `json:"batches"`
	Duplicates int64 `json:"duplicates"`
}

// New returns counters with the Go runtime's and the process's own beside them.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_ingest_requests_total",
			Help: "Requests to the ingest endpoint, by status code."}, []string{"code"}),
		batches: prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_batches_acknowledged_total",
			Help: "Batches synced to the journal, duplicates left out."}),
		duplicates: prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_batches_duplicate_total",
			Help: "Batches sent again that were stored already."}),
		acknowledged: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_acknowledged_total",
			Help: "Events synced to the journal, by the edge's verdict: good or not. Duplicate batches are left out."}, []string{"verdict"}),
		stored: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_stored_total",
			Help: "Events read back from the journal and judged."}, []string{"app", "protocol", "schema", "verdict"}),
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_delivered_total",
			Help: "Events that a sink confirmed."}, []string{"route", "sink"}),
		dead: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_dead_total",
			Help: "Events that became dead letters."}, []string{"route", "sink"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_dead_letters_dropped_total",
			Help: "Dead letters deleted for good, by whom: operator or retention."}, []string{"by"}),
		filtered: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_filtered_total",
			Help: "Events that a route does not want."}, []string{"route"}),
		repeated: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_duplicate_total",
			Help: "Events that a route has delivered before, within its dedupe window, and did not deliver again."}, []string{"route"}),
		writes: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "weir_sink_write_seconds",
			Help: "Time of one write to a sink.", Buckets: prometheus.ExponentialBuckets(0.001, 3, 10)}, []string{"sink"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_sink_write_failures_total",
			Help: "Writes that stored nothing or not everything."}, []string{"sink"}),
		answers: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "weir_ingest_seconds",
			Help: "Time from a request's arrival to its answer, by the ack that its batches ask for, none when none could be read.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}, []string{"ack"}),
		waits: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "weir_ingest_delivered_seconds",
			Help:    "Time that requests with ack \"delivered\" waited for routes after their sync, by status code: 503 in vain.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2, 12)}, []string{"code"}),
		sync: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "weir_journal_commit_seconds",
			Help: "Time of one synced commit.", Buckets: prometheus.ExponentialBuckets(0.0002, 2, 14)}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "weir_journal_commit_batches",
			Help: "Batches in one synced commit.", Buckets: prometheus.ExponentialBuckets(1, 2, 11)}),
		withheld: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_events_filtered_at_edge_total",
			Help: "Events of which edges kept nothing, by what stood against them: privacy, access or bots. A batch that is sent again counts again."}, []string{"by"}),
		lines: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "weir_log_lines_total",
			Help: "Lines of Fastly's log streaming: good ones, whose batches are stored, and bad ones, which no edge has signed in time."}, []string{"result"}),
		damaged: prometheus.NewCounter(prometheus.CounterOpts{Name: "weir_journal_damaged_total",
			Help: "Batches found damaged or missing. Anything above 0 needs a person."}),
		stale: prometheus.NewGauge(prometheus.GaugeOpts{Name: "weir_schemas_stale",
			Help: "1 while the schema folders cannot be used as they are, and those read before judge."}),
		apps: bounded{limit: labelLimit}, schemas: bounded{limit: labelLimit},
	}
	m.registry.MustRegister(m.requests, m.batches, m.duplicates, m.acknowledged, m.stored, m.delivered, m.dead, m.dropped, m.filtered, m.repeated,
		m.writes, m.failures, m.answers, m.waits, m.sync, m.group, m.damaged, m.withheld, m.lines, m.stale,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds a collector of gauges that are computed when asked for.
func (m *Metrics) Register(c prometheus.Collector) { m.registry.MustRegister(c) }

// Handler serves the metrics in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Totals returns the counters since the start.
func (m *Metrics) Totals() Totals {
	return Totals{m.totals.events.Load(), m.totals.good.Load(), m.totals.failed.Load(), m.totals.unresolved.Load(),
		m.totals.batches.Load(), m.totals.duplicates.Load()}
}

// Ingested counts a request to ingest.
func (m *Metrics) Ingested(r ingest.Result) {
	code := strconv.Itoa(r.Status)
	m.requests.WithLabelValues(code).Inc()
	m.answers.WithLabelValues(cmp.Or(r.Ack, "none")).Observe(r.Took.Seconds())
	if r.Waited > 0 {
		m.waits.WithLabelValues(code).Observe(r.Waited.Seconds())
	}
	m.withheld.WithLabelValues("privacy").Add(float64(r.Filtered - r.Refused - r.Bots))
	m.withheld.WithLabelValues("access").Add(float64(r.Refused))
	m.withheld.WithLabelValues("bots").Add(float64(r.Bots))
	m.batches.Add(float64(r.Batches))
	m.duplicates.Add(float64(r.Duplicates))
	m.acknowledged.WithLabelValues("good").Add(float64(r.Events - r.Failed))
	m.acknowledged.WithLabelValues("not_good").Add(float64(r.Failed))
	m.totals.batches.Add(int64(r.Batches))
	m.totals.duplicates.Add(int64(r.Duplicates))
	m.totals.events.Add(int64(r.Events))
}

// LogLines counts a request of log streaming.
func (m *Metrics) LogLines(good, bad int) {
	m.lines.WithLabelValues("good").Add(float64(good))
	m.lines.WithLabelValues("bad").Add(float64(bad))
}

// Committed counts a synced commit of the journal.
func (m *Metrics) Committed(batches int, took time.Duration) {
	m.sync.Observe(took.Seconds())
	m.group.Observe(float64(batches))
}

// Damaged counts a batch that the journal could not give back.
func (m *Metrics) Damaged(error) { m.damaged.Inc() }

// SchemasRead says what came of reading the schema folders again.
func (m *Metrics) SchemasRead(err error) {
	if err != nil {
		m.stale.Set(1)
	} else {
		m.stale.Set(0)
	}
}

// Stored counts an event read back from the journal.
func (m *Metrics) Stored(e sinks.Event, protocol string) {
	m.stored.WithLabelValues(m.apps.label(e.App), protocol, m.schemas.label(e.Schema), e.Verdict).Inc()
	switch e.Verdict {
	case "good":
		m.totals.good.Add(1)
	case "failed":
		m.totals.failed.Add(1)
	default:
		m.totals.unresolved.Add(1)
	}
}

// Delivered implements delivery.Metrics.
func (m *Metrics) Delivered(route, sink string, events int) {
	m.delivered.WithLabelValues(route, sink).Add(float64(events))
}

// Dead implements delivery.Metrics.
func (m *Metrics) Dead(route, sink string, events int) {
	m.dead.WithLabelValues(route, sink).Add(float64(events))
}

// Dropped counts dead letters deleted by an operator or by retention.
func (m *Metrics) Dropped(by string, letters int) {
	m.dropped.WithLabelValues(by).Add(float64(letters))
}

// Filtered implements delivery.Metrics.
func (m *Metrics) Filtered(route string, events int) {
	m.filtered.WithLabelValues(route).Add(float64(events))
}

// Duplicates implements delivery.Metrics.
func (m *Metrics) Duplicates(route string, events int) {
	m.repeated.WithLabelValues(route).Add(float64(events))
}

// Wrote implements delivery.Metrics.
func (m *Metrics) Wrote(sink string, took time.Duration, err error) {
	m.writes.WithLabelValues(sink).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(sink).Inc()
	}
}
