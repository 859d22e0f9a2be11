package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
)

// servePage serves a page of testdata/sdk and the file of a package that it loads.
func servePage(t *testing.T, page, script, file string) string {
	t.Helper()
	mux := http.NewServeMux()
	for path, file := range map[string]string{"/": filepath.Join("testdata", "sdk", page), script: file} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// plausibleSDK visits a page that holds Plausible's tracker.
func plausibleSDK(t *testing.T, s *sdkSystem) {
	page := servePage(t, "plausible.html", "/plausible.js", filepath.Join(need.Package(t, "@plausible-analytics/tracker"), "plausible.js"))
	tab := browser.Open(t)
	here := page + "/?collector=" + url.QueryEscape(s.url)
	tab.Run(chromedp.Navigate(here))
	tab.Wait(`window.say`)
	tab.Run(
		chromedp.Evaluate(`say("pageview", {props: {author: "Jö"}})`, nil),
		chromedp.Evaluate(`say("Signup", {props: {plan: "pro"}, revenue: {currency: "EUR", amount: 13.29}, interactive: false})`, nil),
		chromedp.Evaluate(`say("iglu:com.example/product_view/jsonschema/1-0-0", {props: {sku: "TEA-100", name: "Sencha 茶"}})`, nil),
		chromedp.Evaluate(`say("iglu:com.example/add_to_cart/jsonschema/1-0-0", {props: {sku: "TEA-100", quantity: 0, price: 7.9, currency: "EUR"}})`, nil),
		// With the next page the tracker tells how the one before was read, of which it tells no callback.
		chromedp.Evaluate(`say("pageview", {url: "https://shop.example/two"})`, nil),
	)
	tab.Wait(`answers.length === 5`)
	var answers []any
	tab.Eval(`answers`, &answers)
	same(t, "what the tracker was answered", answers, `[202,202,202,202,202]`)
	eventually(t, "the edge has answered six requests", func() error {
		if n := s.times("POST /api/event 202"); n < 6 {
			return fmt.Errorf("%d so far", n)
		}
		return nil
	})
	for _, c := range tab.Complaints() {
		t.Errorf("the page complained: %s", c)
	}
	if _, cookies := s.forget(); len(cookies) > 0 {
		t.Errorf("Plausible's tracker was given cookies: %q", cookies)
	}
	rows := s.await(t, "plausible", "plausible", 6)
	expectVerdicts(t, rows, "add_to_cart", "/quantity", "minimum")
	var views, events []row
	for _, r := range rows {
		r.expect(t, "platform", "web", "user_ipaddress", "203.0.113.0", "network_userid", nil, "domain_userid", nil)
		switch r["event_name"] {
		case "page_view":
			views = append(views, r)
		case "event":
			events = append(events, r)
		}
	}
	if len(views) != 2 || len(events) != 2 {
		t.Fatalf("%d page views and %d events of Plausible's are stored, want two of each", len(views), len(events))
	}
	for _, r := range views {
		if r["page_url"] == here {
			same(t, "the props of a page view", r.entity(t, "iglu:io.plausible/pageview/jsonschema/1-0-0")["props"], `{"author":"Jö"}`)
		} else {
			r.expect(t, "page_url", "https://shop.example/two", "page_urlhost", "shop.example")
		}
	}
	for _, r := range events {
		switch d := r.data(t); d["name"] {
		case "Signup":
			same(t, "an event", d, `{"version":36,"name":"Signup","props":{"plan":"pro"},"revenue":{"currency":"EUR","amount":13.29},"interactive":false}`)
		case "engagement":
			r.expect(t, "page_url", here)
			if d["engagement_time"] == nil || d["scroll_depth"] == nil {
				t.Errorf("an engagement is %v", d)
			}
		default:
			t.Errorf("an event is %v", d)
		}
	}
	same(t, "product_view", named(rows, "product_view").data(t), `{"sku":"TEA-100","name":"Sencha 茶"}`)
}
