package ui

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

//go:generate go run ./fetchtracker

//go:embed demo tracker
var shop embed.FS

// shopFiles are the shop's own, the tracker, and what it shares with the live page.
var shopFiles = sync.OnceValue(func() map[string]file {
	return gather(folder(shop, "demo"), folder(shop, "tracker"), folder(static, "static"))
})

// TrackerFile is the browser tracker within the binary, where
// ./fetchtracker put it.
const TrackerFile = "tracker/index.umd.min.js"

// HasTracker reports whether the browser tracker is in this binary. The demo
// page says what to run when it is not.
func HasTracker() bool {
	_, err := fs.Stat(shop, TrackerFile)
	return err == nil
}

// Demo serves a small shop whose visitors are tracked by the real Snowplow
// browser tracker. It is meant for a prefix of its own:
//
//	mux.Handle("/demo/", http.StripPrefix("/demo", demo))
//
// Events go to the collector, a base URL such as "http://127.0.0.1:8080". live
// is the address of the live page, for a link to it; it may be empty.
func Demo(collector, live string) (http.Handler, error) {
	u, err := url.Parse(collector)
	if err != nil {
		return nil, fmt.Errorf("demo page: collector: %w", err)
	}
	// The host becomes part of a policy, where these would begin another rule.
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsAny(u.Host, ";,' ") {
		return nil, fmt.Errorf("demo page: collector %q: want a base URL such as http://127.0.0.1:8080", collector)
	}
	settings, err := json.Marshal(map[string]string{"collector": collector, "live": live})
	if err != nil {
		return nil, fmt.Errorf("demo page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", &site{shopFiles(), policy("'self' " + u.Scheme + "://" + u.Host)})
	mux.HandleFunc("GET /settings.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Write(settings)
	})
	return mux, nil
}
