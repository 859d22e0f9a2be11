package serve

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestAnOutageIsTwoLines(t *testing.T) {
	var text strings.Builder
	log := slog.New(slog.NewTextHandler(&text, nil))
	var o outage
	for range 2 {
		o.note(log, nil)
		for range 100 {
			o.note(log, errors.New("connection refused"))
		}
		o.note(log, nil)
	}
	lines := strings.Split(strings.TrimSpace(text.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines, want two an outage:\n%s", len(lines), text.String())
	}
	for i, want := range []string{`error="connection refused"`, "refused=100", `error="connection refused"`, "refused=100"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, without %s", i, lines[i], want)
		}
	}
}
