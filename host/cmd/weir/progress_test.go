package main

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		terminal bool
		want     []string // in this order
		never    string
	}{
		"terminal": {true, []string{"[###############---------------]  50 %  7 events", "[##############################] 100 %  9 events", "\r\x1b[K"}, "\n"},
		"plain":    {false, []string{" 50 %  7 events\n", "100 %  9 events\n"}, "\x1b"},
	} {
		var b strings.Builder
		p := newProgress(&b)
		if p.terminal {
			t.Fatal("a builder counts as a terminal")
		}
		p.terminal = c.terminal
		p.show(0.1, "too soon")
		long := func() { p.last = time.Now().Add(-time.Minute) }
		long()
		p.show(0.5, "7 events")
		p.show(0.6, "too soon")
		long()
		p.show(1.7, "9 events")
		p.end()
		rest := b.String()
		for _, want := range c.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Fatalf("%s: %q lacks %q", name, b.String(), want)
			}
			rest = after
		}
		if rest != "" || strings.Contains(b.String(), c.never) || strings.Contains(b.String(), "too soon") {
			t.Errorf("%s: wrote %q", name, b.String())
		}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if isTerminal(null) || isTerminal(os.Stdin) && os.Getenv("TERM") == "dumb" {
		t.Error("the null device counts as a terminal")
	}
}
