package ui

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
)

// fakeCollector takes tp2 payloads from pages of other origins.
type fakeCollector struct {
	*httptest.Server
	mu        sync.Mutex
	events    []map[string]string
	anonymous int // requests that carried SP-Anonymous
}

func newFakeCollector(t *testing.T) *fakeCollector {
	c := &fakeCollector{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Set("Access-Control-Allow-Headers", "Content-Type, SP-Anonymous")
		if r.Method == http.MethodOptions {
			return
		}
		var payload struct{ Data []map[string]string }
		if err := json.NewDecoder(r.Body).Decode(&payload); err != nil {
			t.Errorf("payload: %v", err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.events = append(c.events, payload.Data...)
		if r.Header.Get("SP-Anonymous") != "" {
			c.anonymous++
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func openShop(t *testing.T, collector, scheme string) *browser.Tab {
	t.Helper()
	demo, err := Demo(collector, "http://127.0.0.1:8082/")
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/demo/", http.StripPrefix("/demo", demo))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	tab := browser.Open(t)
	tab.Look(1240, 1000, scheme)
	tab.Run(chromedp.Navigate(server.URL + "/demo/"))
	tab.Wait(`document.documentElement.dataset.ready === "true"`)
	return tab
}

func TestShopTracksItsVisitors(t *testing.T) {
	need.Part(t, "embedded browser tracker", func() (string, error) {
		if !HasTracker() {
			return "", errors.New("run make build")
		}
		return TrackerFile, nil
	})
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			collector := newFakeCollector(t)
			tab := openShop(t, collector.URL, scheme)
			answered := func(name string) string {
				return `[...document.querySelectorAll("#log li")].some(li => li.textContent.startsWith("` + name + `") && li.textContent.endsWith("200"))`
			}
			tab.Wait(answered("page_view"))
			tab.Run(
				chromedp.Click(`[data-send=struct]`, chromedp.ByQuery),
				chromedp.Click(`[data-send=self_describing]`, chromedp.ByQuery),
				chromedp.Click(`[data-send=violation]`, chromedp.ByQuery),
				chromedp.Click(`[data-add="TEA-100"]`, chromedp.ByQuery),
				chromedp.Click(`[data-add="TEA-210"]`, chromedp.ByQuery),
			)
			for _, name := range []string{"struct", "product_view", "add_to_cart"} {
				tab.Wait(answered(name))
			}
			screenshot(tab, "shop-"+scheme)
			tab.Run(chromedp.Click(`#checkout`, chromedp.ByQuery))
			tab.Wait(answered("checkout"))
			tab.Wait(`document.getElementById("cookies").textContent.includes("_sp_id")`)

			tab.Run(chromedp.Click(`#anonymous`, chromedp.ByQuery), chromedp.Click(`[data-send=page_view]`, chromedp.ByQuery))
			tab.Wait(`document.getElementById("cookies").textContent === "none"`)
			tab.Wait(`document.querySelectorAll("#log li").length >= 8`)
			noComplaints(t, tab)

			collector.mu.Lock()
			defer collector.mu.Unlock()
			if collector.anonymous != 1 {
				t.Errorf("%d requests carried SP-Anonymous, want the one after the switch", collector.anonymous)
			}
			for _, e := range collector.events {
				if e["tv"] != "js-4.10.1" || e["aid"] != "demo-shop" {
					t.Errorf("tv %q, aid %q", e["tv"], e["aid"])
				}
			}
			need.Ran(t, "demo shop", "chromium")
		})
	}
}

func TestDemoRefusesNonsense(t *testing.T) {
	for _, collector := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://[::1", "http://a;script-src *", "http://a;b"} {
		if _, err := Demo(collector, ""); err == nil {
			t.Errorf("Demo(%q) found nothing wrong", collector)
		}
	}
}
