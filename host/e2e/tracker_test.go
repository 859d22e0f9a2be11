package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/snowplow/snowplow-golang-tracker/v3/pkg/common"
	memory "github.com/snowplow/snowplow-golang-tracker/v3/pkg/storage/memory"
	sp "github.com/snowplow/snowplow-golang-tracker/v3/tracker"

	"weir/edge/toolchain/need"
	"weir/sinks/postgres/pgtest"
)

// TestTrackers points each server-side tracker at each edge, by POST and by
// GET, and reads the database.
func TestTrackers(t *testing.T) {
	postgres := pgtest.Start(t)
	for _, edge := range edges {
		t.Run(edge.name, func(t *testing.T) {
			s := start(t, edge, newDatabase(t, postgres))
			for _, method := range []string{"post", "get"} {
				t.Run("node-"+method, func(t *testing.T) { nodeTracker(t, s, method) })
				t.Run("go-"+method, func(t *testing.T) { goTracker(t, s, method) })
			}
			s.host.stop(t)
			need.Ran(t, "server-side trackers", edge.name)
		})
	}
}

// nodeTracker sends with @snowplow/node-tracker, which encodes in base64.
func nodeTracker(t *testing.T, s *system, method string) {
	app := "node-" + method
	host, port := hostPort(t, s.edgeURL)
	script, err := filepath.Abs("testdata/node_tracker.cjs")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(need.Tool(t, "node"), script, need.Package(t, "@snowplow/node-tracker"), host, port, method, app).Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, out)
	}
	var answers struct {
		Accepted int
		Refused  []any
	}
	if err := json.Unmarshal(out, &answers); err != nil || answers.Accepted != 5 || len(answers.Refused) != 0 {
		t.Fatalf("the tracker says %s (%v)", out, err)
	}
	rows := s.db.await(t, "events", app, 4)
	failed := s.db.await(t, "failed_events", app, 1)
	for _, r := range rows {
		r.expect(t, "v_tracker", "node-4.8.0", "platform", "srv", "user_id", "ada", "user_ipaddress", "203.0.113.0",
			"dvce_screenwidth", 1280.0, "dvce_screenheight", 720.0, "name_tracker", "e2e")
	}
	byName := index(t, rows)
	byName["page_view"].expect(t, "page_url", "https://shop.example/tea?utm_source=mail", "page_urlhost", "shop.example",
		"page_urlpath", "/tea", "page_title", "Tee & Kännchen", "page_referrer", "https://search.example/?q=tea")
	byName["page_ping"].expect(t, "pp_yoffset_min", 10.0, "pp_yoffset_max", 480.0)
	byName["event"].expect(t, "se_category", "newsletter", "se_action", "subscribe", "se_label", "footer", "se_property", "weekly", "se_value", 9.95)
	byName["product_view"].expect(t, "event_vendor", "com.example", "event_version", "1-0-0")
	byName["product_view"].expectData(t, "Sencha 茶", "TEA-100", "TEA-130")
	expectViolation(t, failed[0], "/quantity", "minimum")
}

// goTracker sends with the Go tracker, base64 and all.
func goTracker(t *testing.T, s *system, method string) {
	app := "go-" + method
	failures := 0
	emitter := sp.InitEmitter(
		sp.RequireCollectorUri(strings.TrimPrefix(s.edgeURL, "http://")),
		sp.RequireStorage(*memory.Init()),
		sp.OptionRequestType(strings.ToUpper(method)),
		sp.OptionProtocol("http"),
		// Its own client copies the state of http.DefaultTransport, which then breaks under others.
		sp.OptionHttpClient(&http.Client{Timeout: 5 * time.Second, Transport: new(http.Transport)}),
		sp.OptionCallback(func(_, failed []sp.CallbackResult) { failures += len(failed) }),
	)
	subject := sp.InitSubject()
	subject.SetUserId("grace")
	subject.SetScreenResolution(800, 600)
	tracker := sp.InitTracker(sp.RequireEmitter(emitter), sp.OptionSubject(subject), sp.OptionAppId(app), sp.OptionNamespace("e2e"))

	entities := []sp.SelfDescribingJson{
		*sp.InitSelfDescribingJson("iglu:com.example/product/jsonschema/1-0-0", map[string]any{"sku": "TEA-100", "name": "Sencha 茶"}),
		*sp.InitSelfDescribingJson("iglu:com.example/product/jsonschema/1-0-0", map[string]any{"sku": "TEA-130", "name": "Hojicha"}),
	}
	selfDescribing := func(name string, data map[string]any, entities []sp.SelfDescribingJson) {
		tracker.TrackSelfDescribingEvent(sp.SelfDescribingEvent{
			Event:    sp.InitSelfDescribingJson("iglu:com.example/"+name+"/jsonschema/1-0-0", data),
			Contexts: entities,
		})
	}
	tracker.TrackPageView(sp.PageViewEvent{PageUrl: common.NewString("https://shop.example/tea"), PageTitle: common.NewString("Tee & Kännchen")})
	tracker.TrackStructEvent(sp.StructuredEvent{Category: common.NewString("shop"), Action: common.NewString("add"), Value: common.NewFloat64(9.95)})
	selfDescribing("product_view", map[string]any{"sku": "TEA-100", "name": "Sencha 茶", "price": 7.9, "currency": "EUR"}, entities)
	selfDescribing("add_to_cart", map[string]any{"sku": "TEA-100", "quantity": 0, "price": 7.9, "currency": "EUR"}, nil)
	tracker.BlockingFlush(10, 50)
	if failures > 0 {
		t.Errorf("the tracker counted %d failures", failures)
	}

	rows := s.db.await(t, "events", app, 3)
	failed := s.db.await(t, "failed_events", app, 1)
	for _, r := range rows {
		r.expect(t, "v_tracker", "golang-3.1.0", "platform", "srv", "user_id", "grace", "user_ipaddress", "203.0.113.0",
			"dvce_screenwidth", 800.0, "dvce_screenheight", 600.0, "name_tracker", "e2e")
	}
	byName := index(t, rows)
	byName["page_view"].expect(t, "page_url", "https://shop.example/tea", "page_title", "Tee & Kännchen")
	byName["event"].expect(t, "se_category", "shop", "se_action", "add", "se_value", 9.95)
	byName["product_view"].expectData(t, "Sencha 茶", "TEA-100", "TEA-130")
	expectViolation(t, failed[0], "/quantity", "minimum")
}

// index finds rows by event_name, which must be unique among them.
func index(t *testing.T, rows []row) map[string]row {
	t.Helper()
	byName := map[string]row{}
	for _, r := range rows {
		name := fmt.Sprint(r["event_name"])
		if byName[name] != nil {
			t.Errorf("two rows of %s", name)
		}
		byName[name] = r
	}
	return byName
}
