package serve

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol/all"
)

// buffer takes a log that several goroutines write.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// TestCanariesInTheLog puts a canary into each part of requests that end well,
// that no host takes, and that no engine can take: no line of the log has it.
func TestCanariesInTheLog(t *testing.T) {
	const canary = "canary.Hidden-Name"
	native, err := NewNative(func() (*collector.Collector, error) { return collector.New(nil, nil, all.Adapters()...) })
	if err != nil {
		t.Fatal(err)
	}
	broken := engine(func(*collector.Input) (*collector.Outcome, error) { return nil, errors.New("the module trapped") })
	down := host(func(string, []byte) error { return errors.New("connection refused") })
	for name, c := range map[string]struct {
		cfg  Config
		said string
	}{
		"taken":     {Config{Engine: native, Forward: host(taking)}, ""},
		"not taken": {Config{Engine: native, Forward: down}, "no host takes batches"},
		"trapped":   {Config{Engine: broken, Forward: host(taking)}, "a request was not taken"},
		"too large": {Config{Engine: native, Forward: down, MaxBody: 8}, "no host takes batches"},
	} {
		var log buffer
		c.cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		url, h := start(t, c.cfg)
		req, err := http.NewRequest(http.MethodPost, url+"/com.snowplowanalytics.snowplow/tp2?uid="+canary, strings.NewReader(`{"data":"`+canary+`"`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		for _, name := range []string{"User-Agent", "Referer", "Cookie", "X-Weir-Key"} {
			req.Header.Set(name, "sp="+canary)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if err = errors.Join(err, resp.Body.Close(), h.Drain(t.Context())); err != nil {
			t.Fatal(err)
		}
		text := log.b.String()
		if !strings.Contains(text, c.said) {
			t.Errorf("%s: the log says nothing of it: %q", name, text)
		}
		if strings.Contains(text, "Hidden") {
			t.Errorf("%s: a canary got out in the log: %s", name, text)
		}
	}
}
