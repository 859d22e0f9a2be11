package failed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/sinks"
)

func batch(from, to int) sinks.Batch {
	var b sinks.Batch
	for n := from; n < to; n++ {
		b.Events = append(b.Events, sinks.Event{ID: fmt.Sprint(n), Fingerprint: "f", Envelope: fmt.Appendf(nil, `{"n":%d}`, n)})
	}
	return b
}

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.db")
	open := func() *Store {
		s, err := Open(path, Options{Keep: time.Hour, Max: 10, MaxBytes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Shut() })
		return s
	}
	list := func(s *Store) []string {
		t.Helper()
		events, err := s.List(t.Context(), Query{})
		if err != nil {
			t.Fatal(err)
		}
		var text []string
		for _, e := range events {
			text = append(text, string(e.Envelope))
		}
		return text
	}
	write := func(s *Store, b sinks.Batch) {
		t.Helper()
		if err := s.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	s := open()
	write(s, batch(0, 3))
	write(s, batch(0, 4)) // delivered again after a crash
	if got := list(s); fmt.Sprint(got) != `[{"n":3} {"n":2} {"n":1} {"n":0}]` {
		t.Errorf("listed %v", got)
	}
	if err := s.Shut(); err != nil {
		t.Fatal(err)
	}
	s = open()
	write(s, batch(4, 20))
	if got := list(s); len(got) != 10 || got[0] != `{"n":19}` {
		t.Errorf("the latest ten are %v", got)
	}
	now := time.Now()
	s.now = func() time.Time { return now.Add(2 * time.Hour) }
	if got := list(s); len(got) != 0 {
		t.Errorf("after their time %v are listed", got)
	}
	write(s, batch(20, 21))
	var rows int
	if err := s.db.QueryRow("SELECT count(*) FROM failed").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows are kept after their time, %v", rows, err)
	}
}

func TestOpenSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failed.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{Keep: time.Hour, Max: 10, MaxBytes: 1 << 20}); err == nil || !strings.Contains(err.Error(), "moved away") {
		t.Errorf("opening what is no database: %v", err)
	}
}
