package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
	"weir/host/ui"
	"weir/sinks/postgres/pgtest"
)

const (
	anonymousID = "00000000-0000-0000-0000-000000000000"
	webPage     = "iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0"
)

// TestBrowserTracker lets a visitor use the demo shop, which holds the real
// browser tracker, and reads the database: first as themselves, then anonymously.
func TestBrowserTracker(t *testing.T) {
	need.Part(t, "embedded browser tracker", func() (string, error) {
		if !ui.HasTracker() {
			return "", errors.New("run make build")
		}
		return ui.TrackerFile, nil
	})
	postgres := pgtest.Start(t)
	for _, edge := range edges {
		t.Run(edge.name, func(t *testing.T) {
			s := start(t, edge, newDatabase(t, postgres))
			tab := openShop(t, s.edgeURL)
			visit(t, s, tab)
			visitAnonymously(t, s, tab)
			for _, c := range tab.Complaints() {
				t.Errorf("the page complained: %s", c)
			}
			s.host.stop(t)
			need.Ran(t, "browser tracker", edge.name)
		})
	}
}

func openShop(t *testing.T, collector string) *browser.Tab {
	t.Helper()
	shop, err := ui.Demo(collector, "")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(shop)
	t.Cleanup(server.Close)
	tab := browser.Open(t)
	tab.Run(chromedp.Navigate(server.URL + "/"))
	tab.Wait(`document.documentElement.dataset.ready === "true"`)
	return tab
}

// answered waits until the page has seen n events of a name answered 200.
func answered(tab *browser.Tab, name string, n int) {
	tab.Wait(fmt.Sprintf(`[...document.querySelectorAll("#log li")].filter(li => li.querySelector("b")?.textContent === %q && li.lastChild.textContent === "200").length >= %d`, name, n))
}

func send(kind string) chromedp.Action {
	return chromedp.Click(`[data-send=`+kind+`]`, chromedp.ByQuery)
}

func visit(t *testing.T, s *system, tab *browser.Tab) {
	answered(tab, "page_view", 1)
	tab.Run(send("struct"), send("self_describing"), send("violation"))
	for _, name := range []string{"struct", "product_view", "add_to_cart"} {
		answered(tab, name, 1)
	}
	// The tracker pings once the visitor has stayed and done something since.
	tab.Run(chromedp.MouseEvent("mouseMoved", 200, 300), chromedp.MouseEvent("mouseMoved", 220, 310))
	answered(tab, "page_ping", 1)

	var rows []row
	eventually(t, "page view, page ping, struct and self-describing event are in the database", func() (err error) {
		if rows, err = s.db.rows("events", "demo-shop"); err != nil {
			return err
		}
		for _, name := range []string{"page_view", "page_ping", "event", "product_view"} {
			if named(rows, name) == nil {
				return fmt.Errorf("no %s among %d rows", name, len(rows))
			}
		}
		return nil
	})
	cookie := collectorCookie(tab, s.edgeURL)
	if cookie == nil {
		t.Fatal("the collector's cookie was not kept")
	}
	if !cookie.HTTPOnly || !cookie.Secure || cookie.SameSite != network.CookieSameSiteNone || cookie.Path != "/" {
		t.Errorf("the collector's cookie is %+v", cookie)
	}
	for _, r := range rows {
		r.expect(t, "v_tracker", "js-4.10.1", "platform", "web", "name_tracker", "shop", "user_ipaddress", "203.0.113.0",
			"network_userid", cookie.Value, "page_urlpath", "/")
		if r["domain_userid"] == nil || r["domain_sessionid"] == nil || r["useragent"] == nil {
			t.Errorf("%v: domain_userid %v, domain_sessionid %v, useragent %v", r["event_name"], r["domain_userid"], r["domain_sessionid"], r["useragent"])
		}
		f := r.facts(t)
		if f.Verdict != "good" || f.Protocol != "snowplow" || !f.received("user_ipaddress") {
			t.Errorf("%v: weir says %+v", r["event_name"], f)
		}
		var entities []selfDescribing
		r.read(t, "contexts", &entities)
		if !slices.ContainsFunc(entities, func(e selfDescribing) bool { return e.Schema == webPage }) {
			t.Errorf("%v has no web_page entity", r["event_name"])
		}
	}
	named(rows, "page_view").expect(t, "page_title", "Leaf & Kettle — a demo shop")
	named(rows, "event").expect(t, "se_category", "newsletter", "se_action", "subscribe", "se_label", "footer", "se_property", "weekly", "se_value", 1.0)
	named(rows, "product_view").expectData(t, "Sencha", "TEA-100", "TEA-130")

	failed := s.db.await(t, "failed_events", "demo-shop", 1)
	for _, want := range [][2]string{{"/sku", "pattern"}, {"/quantity", "minimum"}, {"/price", "minimum"}, {"/currency", "maxLength"}} {
		expectViolation(t, failed[0], want[0], want[1])
	}
}

func visitAnonymously(t *testing.T, s *system, tab *browser.Tab) {
	tab.Run(chromedp.Click(`#anonymous`, chromedp.ByQuery), send("page_view"))
	answered(tab, "page_view", 2)
	tab.Wait(`document.cookie === ""`)
	if cookie := collectorCookie(tab, s.edgeURL); cookie != nil {
		t.Errorf("the collector's cookie outlived the wish for anonymity: %+v", cookie)
	}
	var r row
	eventually(t, "the anonymous page view is in the database", func() error {
		rows, err := s.db.rows("events", "demo-shop")
		if err != nil {
			return err
		}
		for _, r = range rows {
			if r["event_name"] == "page_view" && r["network_userid"] == anonymousID {
				return nil
			}
		}
		return fmt.Errorf("not among %d rows", len(rows))
	})
	r.expect(t, "domain_userid", nil, "domain_sessionid", nil, "user_ipaddress", nil)
}

func named(rows []row, name string) row {
	for _, r := range rows {
		if r["event_name"] == name {
			return r
		}
	}
	return nil
}

// collectorCookie is the cookie that the browser would send to the collector.
func collectorCookie(tab *browser.Tab, collector string) *network.Cookie {
	var found *network.Cookie
	tab.Run(chromedp.ActionFunc(func(ctx context.Context) error {
		cookies, err := network.GetCookies().WithURLs([]string{collector + tp2}).Do(ctx)
		for _, c := range cookies {
			if c.Name == "sp" {
				found = c
			}
		}
		return err
	}))
	return found
}
