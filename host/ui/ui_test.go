package ui

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
)

// shots is a folder to keep screenshots in; they are for people to look at.
var shots = os.Getenv("WEIR_SHOTS")

func screenshot(tab *browser.Tab, name string) {
	if shots != "" {
		tab.Screenshot(filepath.Join(shots, name+".png"))
	}
}

const rowCount = `document.querySelectorAll("#events tbody tr").length`

func open(t *testing.T, api *fakeAPI, scheme string) *browser.Tab {
	t.Helper()
	tab := browser.Open(t)
	tab.Look(1440, 900, scheme)
	tab.Run(chromedp.Navigate(api.URL))
	tab.Wait(`document.getElementById("connection").dataset.state === "live"`)
	return tab
}

func noComplaints(t *testing.T, tab *browser.Tab) {
	t.Helper()
	for _, c := range tab.Complaints() {
		t.Errorf("the page complained: %s", c)
	}
}

func TestEmptyPageSaysHowToSendAnEvent(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			api := newFakeAPI(t)
			tab := open(t, api, scheme)
			tab.Wait(`document.querySelector("#empty:not([hidden]) pre")?.textContent.includes("` + api.collector + `/com.snowplowanalytics.snowplow/tp2")`)
			tab.Wait(`document.querySelector("#empty a")?.href === "` + api.demo + `"`)
			screenshot(tab, "empty-"+scheme)
			noComplaints(t, tab)
			need.Ran(t, "live page", "chromium")
		})
	}
}

func TestEventsArriveAndOpen(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			api := newFakeAPI(t)
			for i := range 30 {
				api.send(sample(i))
			}
			tab := open(t, api, scheme)
			tab.Wait(rowCount + ` === 30`)
			api.send(sample(33))
			tab.Wait(rowCount + ` === 31`)
			screenshot(tab, "full-"+scheme)

			// The latest is on top, and a violating one tells where and why.
			tab.Run(chromedp.Click(`//tbody/tr[.//span[text()="failed"]][1]`, chromedp.BySearch))
			tab.Wait(`document.querySelector("#detail .violation code")?.textContent === "/unstruct_event/data/price"`)
			tab.Wait(`document.querySelector("#detail .violation .keyword").textContent === "minimum"`)
			tab.Wait(`document.querySelector("#detail .receipts").textContent.includes("user_ipaddress")`)
			// Digits stay as the tracker sent them.
			tab.Wait(`document.querySelector("#detail pre").textContent.includes("-1.10")`)
			// Both entities of the same schema, in the order sent.
			tab.Wait(`[...document.querySelectorAll("#detail details.card pre")].slice(0, 2).map(p => JSON.parse(p.textContent).sku).join() === "SKU-1,SKU-2"`)
			screenshot(tab, "detail-"+scheme)
			noComplaints(t, tab)
		})
	}
}

func TestPayloadsAreText(t *testing.T) {
	api := newFakeAPI(t)
	hostile := `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`
	e := sample(0)
	for _, name := range []string{"app_id", "event_name", "page_title", "user_id"} {
		e[name] = hostile
	}
	e["unstruct_event"] = map[string]any{"schema": hostile, "data": map[string]any{hostile: hostile}}
	e["contexts"] = []any{map[string]any{"schema": hostile, "data": hostile}}
	e["weir"] = map[string]any{"verdict": "failed", "batch": hostile, "protocol": hostile,
		"violations": []any{map[string]any{"path": hostile, "keyword": hostile, "message": hostile, "schema": hostile}},
		"receipts":   []any{map[string]any{"rule": hostile, "field": hostile, "action": hostile}},
		"edge":       map[string]any{hostile: hostile}, "rejected": map[string]any{hostile: hostile}}
	api.send(e)
	tab := open(t, api, "light")
	tab.Wait(rowCount + ` === 1`)
	tab.Run(chromedp.Click(`#events tbody tr`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("#detail .violation code")?.textContent.startsWith("<img")`)
	var facts struct {
		Title   string
		Planted int
	}
	tab.Eval(`({title: document.title, planted: document.querySelectorAll("main img, main script").length})`, &facts)
	if facts.Title == "owned" || facts.Planted != 0 {
		t.Errorf("a payload became markup: %+v", facts)
	}
	noComplaints(t, tab)
}

func TestFiltersPauseAndKeyboard(t *testing.T) {
	api := newFakeAPI(t)
	for i := range 40 {
		api.send(sample(i))
	}
	tab := open(t, api, "light")
	tab.Wait(rowCount + ` === 40`)

	verdicts := `[...new Set([...document.querySelectorAll("#events .badge")].map(b => b.textContent))].join()`
	tab.Run(chromedp.KeyEvent("3"))
	tab.Wait(verdicts + ` === "failed"`)
	tab.Run(chromedp.KeyEvent("1"))
	tab.Wait(rowCount + ` === 40`)

	tab.Run(chromedp.KeyEvent("/"), chromedp.KeyEvent("checkout SHOP-1003"))
	tab.Wait(rowCount + ` === 1`)
	tab.Run(chromedp.KeyEvent(kb.Escape))
	tab.Eval(`(s => { s.value = ""; s.dispatchEvent(new Event("input")); })(document.getElementById("search"))`, nil)
	tab.Wait(rowCount + ` === 40`)

	tab.Run(chromedp.KeyEvent("p"))
	tab.Wait(`document.getElementById("connection").dataset.state === "paused"`)
	api.send(sample(41))
	tab.Wait(`document.getElementById("pause").textContent.includes("1 waiting")`)
	tab.Wait(rowCount + ` === 40`)
	tab.Run(chromedp.KeyEvent("p"))
	tab.Wait(rowCount + ` === 41`)

	tab.Run(chromedp.KeyEvent("j"), chromedp.KeyEvent("j"), chromedp.KeyEvent(kb.Enter))
	tab.Wait(`document.querySelectorAll("#events tbody tr")[1].getAttribute("aria-selected") === "true" && !document.getElementById("detail").hidden`)
	tab.Run(chromedp.KeyEvent(kb.Escape))
	tab.Wait(`document.getElementById("detail").hidden`)
	noComplaints(t, tab)
}

func TestListIsBoundedAndReplayIsNotRepeated(t *testing.T) {
	api := newFakeAPI(t)
	tab := open(t, api, "light")
	for i := range 3000 {
		api.send(sample(i))
	}
	tab.Wait(`document.querySelector('#verdicts [data-verdict=good] output').textContent > 0 && ` + rowCount + ` === 400`)
	tab.Wait(`[...document.querySelectorAll('#verdicts output')].reduce((n, o) => n + Number(o.textContent), 0) === 3000`)

	// A lost connection is said, and the replay after it adds nothing twice.
	api.drop()
	tab.Wait(`document.getElementById("connection").dataset.state === "lost"`)
	tab.Wait(`document.getElementById("connection").dataset.state === "live"`)
	api.send(sample(3000))
	tab.Wait(`[...document.querySelectorAll('#verdicts output')].reduce((n, o) => n + Number(o.textContent), 0) === 3001`)
}

func TestStoredViews(t *testing.T) {
	api := newFakeAPI(t)
	api.failed = []map[string]any{sample(3), sample(8)}
	api.deadletters = []map[string]any{{"id": 7, "route": "warehouse", "error": "value too long for column page_title", "attempts": 5, "at": "2026-11-20T23:03:24.123Z", "envelope": sample(1)}}
	tab := open(t, api, "light")
	tab.Run(chromedp.Click(`[data-view=failed]`, chromedp.ByQuery))
	tab.Wait(rowCount + ` === 2`)
	tab.Run(chromedp.Click(`[data-view=deadletters]`, chromedp.ByQuery))
	tab.Wait(rowCount + ` === 1`)
	tab.Wait(`document.querySelector("#events .c-summary code").textContent === "warehouse"`)
	tab.Run(chromedp.Click(`#events tbody tr`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("#detail .violation p")?.textContent.startsWith("value too long")`)
	screenshot(tab, "deadletters-light")

	tab.Run(chromedp.Click(`#retry`, chromedp.ByQuery))
	tab.Wait(`document.querySelector("#events td.c-summary").textContent.startsWith("handed back")`)
	tab.Wait(`document.getElementById("retry").disabled`)
	noComplaints(t, tab)
}

func TestHandlerHeaders(t *testing.T) {
	api := newFakeAPI(t)
	get := func(path string, header ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequest("GET", api.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		w.Body.Close()
		return w
	}
	w := get("/")
	csp := w.Header.Get("Content-Security-Policy")
	if w.StatusCode != 200 || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "default-src 'none'") {
		t.Errorf("status %d, policy %q", w.StatusCode, csp)
	}
	if w := get("/", "If-None-Match", w.Header.Get("ETag")); w.StatusCode != http.StatusNotModified {
		t.Errorf("an unchanged page was sent again: %d", w.StatusCode)
	}
	for path, kind := range map[string]string{"/app/main.js": "text/javascript", "/css/live.css": "text/css", "/fonts/inter.woff2": "font/woff2", "/icon.svg": "image/svg+xml"} {
		if w := get(path); w.StatusCode != 200 || !strings.HasPrefix(w.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, w.StatusCode, w.Header.Get("Content-Type"))
		}
	}
	for _, path := range []string{"/app", "/app/", "/nothing", "/../ui.go", "/%2e%2e/ui.go"} {
		if w := get(path); w.StatusCode != 404 {
			t.Errorf("%s: %d", path, w.StatusCode)
		}
	}
}

// sample is one of a day's events in a shop: i says which.
func sample(i int) map[string]any {
	apps := []string{"shop-web", "shop-web", "shop-web", "shop-ios", "backoffice"}
	at := time.Now().Add(time.Duration(min(i-33, 0)) * 1137 * time.Millisecond).UTC().Format("2006-01-02T15:04:05.000Z")
	w := map[string]any{"version": 1, "protocol": "snowplow", "verdict": "good", "batch": fmt.Sprintf("0193-%06d", i), "index": 0, "bundle": "9f86d081884c7d65",
		"receipts": []any{map[string]any{"rule": "ip", "field": "user_ipaddress", "action": "truncate"}},
		"edge":     map[string]any{"country": "NL", "region": "NH", "city": "Amsterdam", "timezone": "Europe/Amsterdam", "colo": "AMS"}}
	e := map[string]any{"app_id": apps[i%5], "platform": "web", "collector_tstamp": at, "event_id": fmt.Sprintf("6c33a6ad-3c5f-4e5b-9a1f-%012d", i),
		"v_tracker": "js-4.10.1", "v_collector": "weir-0.1.0", "user_ipaddress": "203.0.113.0", "domain_userid": "f1d2c3b4-aaaa-4bbb-8ccc-121212121212", "domain_sessionidx": 3,
		"page_url": "https://shop.example/tea/sencha?ref=home", "page_title": "Sencha, first flush", "weir": w}
	shop := func(name string, data map[string]any) {
		e["event"], e["event_name"], e["event_vendor"], e["event_version"] = "unstruct", name, "com.example", "1-0-0"
		e["unstruct_event"] = map[string]any{"schema": "iglu:com.example/" + name + "/jsonschema/1-0-0", "data": data}
		e["contexts"] = []any{product("SKU-1", "Sencha"), product("SKU-2", "Matcha"),
			map[string]any{"schema": "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0", "data": map[string]any{"id": "7b1f3b90-3a57-4c25-8f1e-0d6a6d9f1e11"}}}
	}
	switch i % 10 {
	case 0, 5:
		e["event"], e["event_name"], e["event_vendor"] = "page_view", "page_view", "com.snowplowanalytics.snowplow"
	case 1, 6:
		e["event"], e["event_name"], e["event_vendor"] = "page_ping", "page_ping", "com.snowplowanalytics.snowplow"
		e["pp_yoffset_max"] = 480 + i
	case 2:
		shop("product_view", map[string]any{"sku": "SKU-1", "name": "Sencha", "price": 12.5, "currency": "EUR"})
	case 3:
		shop("add_to_cart", map[string]any{"sku": "SKU-1", "quantity": 2, "price": rawNumber("-1.10"), "currency": "EUR"})
		w["verdict"] = "failed"
		w["violations"] = []any{
			map[string]any{"schema": "iglu:com.example/add_to_cart/jsonschema/1-0-0", "path": "/unstruct_event/data/price", "keyword": "minimum", "message": "must be at least 0"},
			map[string]any{"schema": "iglu:com.example/product/jsonschema/1-0-0", "path": "/contexts/1/data/sku", "keyword": "pattern", "message": "must match ^SKU-[0-9]+$"}}
	case 4:
		e["event"], e["event_name"], e["event_vendor"] = "struct", "event", "com.google.analytics"
		e["se_category"], e["se_action"], e["se_label"], e["se_value"] = "newsletter", "subscribe", "footer", 1
	case 7:
		shop("wishlist_share", map[string]any{"channel": "mail", "items": 3})
		w["verdict"] = "unresolved"
	case 8:
		delete(e, "page_url")
		delete(e, "page_title")
		e["event"] = nil
		w["verdict"], w["payload"] = "failed", "{\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4\",\"data\":[{\"e\":\"pv\""
		w["violations"] = []any{map[string]any{"path": "", "keyword": "syntax", "message": "the body ends in the middle of a JSON object"}}
	case 9:
		shop("checkout", map[string]any{"order": fmt.Sprintf("SHOP-%d", 1000+i/10), "total": 37.5, "currency": "EUR", "items": []any{map[string]any{"sku": "SKU-1", "quantity": 3}}})
	}
	return e
}

func product(sku, name string) map[string]any {
	return map[string]any{"schema": "iglu:com.example/product/jsonschema/1-0-0", "data": map[string]any{"sku": sku, "name": name, "price": 12.5, "currency": "EUR"}}
}
