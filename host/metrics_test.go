package host

import (
	"net/http"
	"strings"
	"testing"
)

// A scraper that sends no token gets the metrics, and nothing else.
func TestMetricsWithoutAToken(t *testing.T) {
	r := newRig(t, "a")
	r.cfg.Admin.Token, r.cfg.Admin.Metrics = "an operator's", "127.0.0.1:0"
	r.start()
	status := func(url string) int {
		t.Helper()
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	at := "http://" + r.host.MetricsAddr()
	if got := status(at + "/metrics"); got != http.StatusOK {
		t.Errorf("metrics: %d", got)
	}
	for _, path := range []string{"/", "/api/status", "/api/tail"} {
		if got := status(at + path); got != http.StatusNotFound {
			t.Errorf("%s beside the metrics: %d", path, got)
		}
	}
	if got := status("http://" + r.host.AdminAddr() + "/metrics"); got != http.StatusUnauthorized {
		t.Errorf("metrics of the admin listener without its token: %d", got)
	}
	r.drain()
	if _, err := http.Get(at); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("after the end the listener is still there: %v", err)
	}
}
