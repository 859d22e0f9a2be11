package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/snowplow/snowplow-golang-tracker/v3/pkg/common"
	memory "github.com/snowplow/snowplow-golang-tracker/v3/pkg/storage/memory"
	sp "github.com/snowplow/snowplow-golang-tracker/v3/tracker"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/toolchain/need"
	"weir/host/torture"
	"weir/sinks/postgres/pgtest"
)

// The load of an outage: so many requests a second, of [perRequest] events each.
const (
	outageRate     = 200
	outageTrackers = 40
)

// outage is how long the host is away.
func outage() time.Duration {
	if long {
		return time.Minute
	}
	return 5 * time.Second
}

// cloudflareSystem is the Worker on workerd, with a queue or without, a host and
// a database.
func cloudflareSystem(t *testing.T, queue *workerdtest.Queue) (*system, *workerdtest.Worker) {
	var worker *workerdtest.Worker
	kind := edgeKind{"workerd", func(t testing.TB, host string) string {
		worker = workerdtest.Run(t, workerdtest.Config{Queue: queue, Bindings: map[string]string{"WEIR_SECRET": secret, "WEIR_HOST": host}})
		return cdn(t, worker.URL)
	}}
	return start(t, kind, newDatabase(t, pgtest.Start(t))), worker
}

// TestCloudflareQueueBridgesOutageUnderLoad kills the host under load. Trackers notice
// nothing, and once it is back every event arrives, once: what was stored but not
// heard of comes again under its batch id.
func TestCloudflareQueueBridgesOutageUnderLoad(t *testing.T) {
	s, worker := cloudflareSystem(t, &workerdtest.Queue{Retries: 100})
	l := startPacedLoad(t, s.edgeURL, "bridged", outageTrackers, outageTrackers*time.Second/outageRate)
	l.reaches(t, outageRate*perRequest)
	s.host.kill()
	began := l.accepted.Load()
	l.lasts(t, outage())
	during := l.accepted.Load() - began
	waiting := worker.Backlog()
	s.startHost()
	l.reaches(t, l.accepted.Load()+outageRate*perRequest)
	l.finish()
	l.undisturbed(t)
	if waiting == 0 {
		t.Error("nothing waited in the queue: the host was not away")
	}
	eventually(t, "the queue is empty", func() error {
		if n := worker.Backlog(); n > 0 {
			return fmt.Errorf("%d messages wait", n)
		}
		return nil
	})
	if n := worker.DeadLetters(); n > 0 {
		t.Errorf("%d batches became dead letters", n)
	}
	l.account(t, s.db)
	found := l.arrived(t, s.db)
	torture.Row{Scenario: fmt.Sprintf("Cloudflare with a queue: host killed for %v under %d requests/s", outage(), outageRate), Cycles: 1,
		Acknowledged: len(l.acked), DeliveredOnce: len(l.acked) - found.missing - found.repeated, DeliveredMore: found.repeated, Lost: found.missing,
		Note: fmt.Sprintf("%d events during the outage, %d messages at its end, no request refused", during, waiting)}.Report(t)
	s.host.stop(t)
	need.Ran(t, "host's outage, with a queue", "workerd")
}

// TestCloudflareRefusesUnderLoad stops the host under load where no queue
// is bound. Every answer is 200 or 503, and what was refused arrives once
// trackers have sent it again.
func TestCloudflareRefusesUnderLoad(t *testing.T) {
	s, _ := cloudflareSystem(t, nil)
	l := startPacedLoad(t, s.edgeURL, "refused", outageTrackers, outageTrackers*time.Second/outageRate)
	l.reaches(t, outageRate*perRequest)
	s.host.stop(t)
	// A real tracker sends for the first time while nobody takes anything.
	emitter := sp.InitEmitter(
		sp.RequireCollectorUri(strings.TrimPrefix(s.edgeURL, "http://")),
		sp.RequireStorage(*memory.Init()),
		sp.OptionProtocol("http"),
		sp.OptionHttpClient(&http.Client{Timeout: 5 * time.Second, Transport: new(http.Transport)}),
	)
	tracker := sp.InitTracker(sp.RequireEmitter(emitter), sp.OptionSubject(sp.InitSubject()), sp.OptionAppId("go"), sp.OptionNamespace("e2e"))
	const tracked = 20
	for range tracked {
		tracker.TrackPageView(sp.PageViewEvent{PageUrl: common.NewString("https://shop.example/tea")})
	}
	l.lasts(t, outage())
	if l.refused.Load() == 0 {
		t.Error("nothing was refused: the host was not away")
	}
	s.startHost()
	l.reaches(t, l.accepted.Load()+outageRate*perRequest)
	l.finish()
	if broken := l.broken.Load(); broken > 0 {
		t.Errorf("%d requests had no answer", broken)
	}
	l.account(t, s.db)
	found := l.arrived(t, s.db)
	eventually(t, "the Go tracker's events have arrived", func() error {
		tracker.BlockingFlush(1, 20)
		ids, err := s.db.eventIDs("go")
		if err == nil && len(ids) != tracked {
			err = fmt.Errorf("%d of %d", len(ids), tracked)
		}
		return err
	})
	torture.Row{Scenario: fmt.Sprintf("Cloudflare without a queue: host stopped for %v under %d requests/s", outage(), outageRate), Cycles: 1,
		Acknowledged: len(l.acked), DeliveredOnce: len(l.acked) - found.missing - found.repeated, DeliveredMore: found.repeated, Lost: found.missing,
		Note: fmt.Sprintf("%d requests answered 503 and sent again", l.refused.Load())}.Report(t)
	s.host.stop(t)
	need.Ran(t, "host's outage, without a queue", "workerd")
}

// lasts lets the load go on for a while.
func (l *load) lasts(t *testing.T, d time.Duration) {
	select {
	case <-time.After(d):
	case <-t.Context().Done():
	}
}
