package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "sqlite") }

func TestSink(t *testing.T) { sinktest.Run(t, harness) }

func TestCrash(t *testing.T) {
	sinktest.Crash(t,
		func(t testing.TB, dir string) sinks.Sink {
			return newSink(t, filepath.Join(dir, "events.sqlite"), "events")
		},
		func(t testing.TB, dir string) []sinktest.Stored {
			return stored(t, filepath.Join(dir, "events.sqlite"))
		})
}

func TestSyncFails(t *testing.T) {
	sinktest.SyncFails(t, func(t testing.TB, dir string) sinks.Sink {
		return newSink(t, filepath.Join(dir, "events.sqlite"), "events")
	})
}

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness) }

var harness = sinktest.Harness{
	Unique: true, Ordered: true, Shared: true, NUL: "\uFFFD",
	Start: func(t testing.TB) sinktest.Destination {
		// A name that a URI must escape.
		path := filepath.Join(t.TempDir(), "a b?c#d%20", "events.sqlite")
		return sinktest.Destination{
			New:    func() sinks.Sink { return newSink(t, path, "events") },
			Stored: func(t testing.TB) []sinktest.Stored { return stored(t, path) },
			Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
				query(t, path, `CREATE TRIGGER IF NOT EXISTS refuse BEFORE INSERT ON events WHEN new.user_id = 'refused'
					BEGIN SELECT raise(ABORT, 'refused by a trigger'); END`)
				return []sinks.Event{
					sinktest.With(e, "user_id", "refused"),
					sinktest.With(e, "page_urlport", "443"),
					sinktest.With(e, "collector_tstamp", "yesterday"),
					{ID: e.ID, Envelope: e.Envelope[:100]},
				}
			},
			Forbid: func(t testing.TB) {
				// The folder is a file. It stops root as well.
				if err := os.WriteFile(filepath.Dir(path), nil, 0o600); err != nil {
					t.Fatal(err)
				}
			},
		}
	},
}

func newSink(t testing.TB, path, table string) *Sink {
	kind, _ := sinks.Lookup("sqlite")
	s, err := kind.New(&Config{Path: path, Table: table}, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// stored reads the table back through a connection of its own.
func stored(t testing.TB, path string) (list []sinktest.Stored) {
	query(t, path, "SELECT "+dialect.Names()+" FROM events ORDER BY rowid", func(rows *sql.Rows) {
		var values [columns.Len]any
		var into [columns.Len]any
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into[:]...); err != nil {
			t.Fatal(err)
		}
		object := map[string]any{}
		for i, c := range columns.All {
			switch v := values[i]; {
			case v == nil:
			case c.Type == columns.JSON:
				object[c.Name] = json.RawMessage(v.(string))
			case c.Type == columns.Boolean:
				object[c.Name] = v.(int64) == 1
			case c.Type == columns.Decimal:
				object[c.Name] = json.Number(fmt.Sprint(v))
			default:
				object[c.Name] = v
			}
		}
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sinktest.Stored{ID: object["event_id"].(string), Object: text})
	})
	return list
}

// query runs a statement on a connection of its own and hands over each row.
func query(t testing.TB, path, statement string, row ...func(*sql.Rows)) {
	t.Helper()
	db, err := newSink(t, path, "events").connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		for _, f := range row {
			f(rows)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, path, table string) *Sink {
	t.Helper()
	s := newSink(t, path, table)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

func TestTwoTablesOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	for _, table := range []string{"events", "failed_events"} {
		if err := open(t, path, table).Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, %v", info.Mode(), err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if info, err := os.Stat(path + suffix); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s has mode %v, %v", suffix, info.Mode(), err)
		}
	}
}

func TestViews(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	e := sinktest.With(sinktest.Events(1, 2)[1], "weir", map[string]any{"verdict": "failed", "violations": []any{
		map[string]any{"schema": "iglu:a/b/jsonschema/1-0-0", "path": "/sku", "keyword": "type", "message": "not a string"},
		map[string]any{"schema": "iglu:a/b/jsonschema/1-0-0", "path": "/n", "keyword": "minimum", "message": "below 1"},
	}})
	if err := open(t, path, "events").Write(t.Context(), sinks.Batch{Events: []sinks.Event{e}}); err != nil {
		t.Fatal(err)
	}
	for statement, want := range map[string]string{
		"SELECT verdict || ' ' || event_name || ' ' || data FROM events_feed":       `failed add_to_cart {"quantity":2,"sku":"A-1"}`,
		"SELECT group_concat(schema || (data->>'$.sku'), ' ') FROM events_entities": "iglu:com.example/product/jsonschema/1-0-0A-1 iglu:com.example/product/jsonschema/1-0-0A-2",
		"SELECT group_concat(path || ' ' || keyword, ', ') FROM events_violations":  "/sku type, /n minimum",
	} {
		query(t, path, statement, func(rows *sql.Rows) {
			var got string
			if err := rows.Scan(&got); err != nil || got != want {
				t.Errorf("%s\ngives %q, %v\nwant  %q", statement, got, err, want)
			}
		})
	}
}

// TestAddColumns opens a table of a time when it had fewer columns.
func TestAddColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	s := open(t, path, "events")
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	query(t, path, "ALTER TABLE events DROP COLUMN true_tstamp")
	query(t, path, "ALTER TABLE events DROP COLUMN se_value")
	events := []sinks.Event{sinktest.Full(1, 1)}
	if err := open(t, path, "events").Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
	query(t, path, "SELECT se_value, true_tstamp FROM events", func(rows *sql.Rows) {
		var value float64
		var at string
		if err := rows.Scan(&value, &at); err != nil || value != -1.57 || at == "" {
			t.Errorf("stored are %v and %q, %v", value, at, err)
		}
	})
}

func TestNewerTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	if err := open(t, path, "events").Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	query(t, path, "UPDATE weir_migrations SET version = 99")
	if err := newSink(t, path, "events").Open(t.Context()); err == nil || !strings.Contains(err.Error(), "newer weir") {
		t.Errorf("Open of a newer table gives %v", err)
	}
}

// TestRemoved takes the file away under an open sink: what is acknowledged
// afterwards must be in the file that one finds.
func TestRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	s := open(t, path, "events")
	events := sinktest.Events(1, 2)
	if err := s.Write(t.Context(), sinks.Batch{Events: events[:1]}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), sinks.Batch{Events: events[1:]}); !errors.Is(err, sinks.ErrNotConnected) {
		t.Fatalf("Write to a removed file gives %v", err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context(), sinks.Batch{Events: events[1:]}); err != nil {
		t.Fatal(err)
	}
	if got := stored(t, path); len(got) != 1 || got[0].ID != events[1].ID {
		t.Errorf("%d events in the file of today", len(got))
	}
}

func TestNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.sqlite")
	text := []byte(strings.Repeat("not a database\n", 100))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSink(t, path, "events")
	if err := errors.Join(s.Check(t.Context())); err == nil {
		t.Error("Check finds nothing wrong")
	}
	if err := s.Open(t.Context()); err == nil {
		t.Error("Open succeeds")
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != string(text) {
		t.Errorf("the file was touched: %v", err)
	}
}

// TestOpenAtOnce has a dozen sinks meet a file that does not
// exist, round after round: switching an empty file to WAL is where SQLite
// reports a lock without having waited for it.
func TestOpenAtOnce(t *testing.T) {
	for round := range 10 {
		path := filepath.Join(t.TempDir(), "events.sqlite")
		errs := make([]error, 12)
		start := make(chan struct{})
		var wait sync.WaitGroup
		for i := range errs {
			s := newSink(t, path, "events")
			wait.Go(func() {
				<-start
				if i%3 == 0 {
					errs[i] = s.Check(t.Context()) // as `weir check` does beside them
				}
				errs[i] = errors.Join(errs[i], s.Open(t.Context()), s.Close(t.Context()))
			})
		}
		close(start)
		wait.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}
