//go:build unix

package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/postgres/pgtest"
	"weir/sinks/sinktest"
)

// standIn is of Timescale what the sink calls, on a server that has none of it:
// hypertables that are plain tables, and the rule for their keys.
const standIn = `
	CREATE SCHEMA timescaledb_information;
	CREATE TABLE timescaledb_information.hypertables (hypertable_schema name, hypertable_name name, chunk interval, retention interval);
	GRANT USAGE ON SCHEMA timescaledb_information TO PUBLIC;
	GRANT SELECT ON timescaledb_information.hypertables TO PUBLIC;
	CREATE FUNCTION create_hypertable(relation regclass, time_column_name name, chunk_time_interval interval, create_default_indexes boolean) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attname = time_column_name
			WHERE i.indrelid = relation AND i.indisunique AND NOT a.attnum = ANY(i.indkey)) THEN
			RAISE EXCEPTION 'cannot create a unique index without the column "%" (used in partitioning)', time_column_name;
		END IF;
		INSERT INTO timescaledb_information.hypertables SELECT n.nspname, c.relname, chunk_time_interval FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = relation;
	END $$;
	CREATE FUNCTION add_retention_policy(relation regclass, drop_after interval) RETURNS void LANGUAGE sql AS $$
		UPDATE timescaledb_information.hypertables SET retention = drop_after WHERE format('%I.%I', hypertable_schema, hypertable_name)::regclass = relation $$;`

var hypertable = Config{Dialect: timescale, Chunk: 7 * 24 * time.Hour, Retention: 400 * 24 * time.Hour}

// TestTimescaleStandIn is the sink's side of the dialect: what it asks for, and
// that a key with three columns keeps the promise.
func TestTimescaleStandIn(t *testing.T) {
	server := pgtest.Start(t, "fsync=off") // nothing crashes here
	c := hypertable
	c.Migrate = true
	dsn := server.Database(t)
	c.DSN = sinks.Secret(dsn)
	if err := sink(t, c).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "CREATE EXTENSION timescaledb") {
		t.Errorf("Check without the extension gives %v", err)
	}
	exec(t, dsn, standIn)
	s, events := open(t, c), sinktest.Events(1, 100)
	for _, part := range [][]sinks.Event{events[:50], events, append(slices.Clone(events), events...), events[20:30]} {
		if err := s.Write(t.Context(), sinks.Batch{Events: part}); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, dsn, "atomic.events"); n != len(events) {
		t.Errorf("%d events are stored, want %d", n, len(events))
	}
	var got string
	if err := connect(t, dsn).QueryRow(t.Context(), "SELECT string_agg(h::text, ' ') FROM timescaledb_information.hypertables AS h").Scan(&got); err != nil || got != "(atomic,events,168:00:00,9600:00:00)" {
		t.Errorf("hypertables are %s, %v", got, err)
	}
	plain := Config{DSN: c.DSN, Schema: "s", Table: "events", Migrate: true}
	open(t, plain)
	plain.Dialect, plain.Chunk = timescale, time.Hour
	for _, plain.Migrate = range []bool{true, false} {
		if err := sink(t, plain).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "no hypertable") {
			t.Errorf("Open of a table that is plain gives %v", err)
		}
	}
}

// TestTimescale runs where the server has the extension.
func TestTimescale(t *testing.T) {
	need.Tool(t, "timescaledb")
	sinktest.Run(t, harnessOf(pgtest.Start(t, "shared_preload_libraries=timescaledb"), hypertable, "CREATE EXTENSION timescaledb"))
}

// TestMaterializeStandIn runs the statements of the dialect on PostgreSQL: they
// are a part of its language.
func TestMaterializeStandIn(t *testing.T) {
	server := pgtest.Start(t, "fsync=off") // nothing crashes here
	sinktest.Run(t, harnessOf(server, Config{Dialect: materialize}, ""))

	dsn := server.Database(t)
	c := Config{DSN: sinks.Secret(dsn), Dialect: materialize}
	for _, err := range []error{sink(t, c).Open(t.Context()), sink(t, c).Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "migrate is off") {
			t.Errorf("without a table: %v", err)
		}
	}
	c.Migrate = true
	for range 2 {
		if err := sink(t, c).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	exec(t, dsn, "DROP VIEW atomic.events_feed")
	huge := sinktest.With(sinktest.Events(1, 1)[0], "se_value", json.Number("1e400"))
	if err := open(t, c).Write(t.Context(), sinks.Batch{Events: []sinks.Event{huge}}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, dsn, `atomic.events WHERE se_value IS NULL AND weir_overflow ? 'se_value'`); n != 1 {
		t.Errorf("%d events keep what does not fit beside its column", n)
	}
	if n := count(t, dsn, "atomic.events_feed"); n != 1 {
		t.Errorf("%d events in the view", n)
	}
	exec(t, dsn, "ALTER TABLE atomic.events DROP COLUMN weir_overflow")
	if err := sink(t, c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "weir_overflow, and Materialize adds none") {
		t.Errorf("Open without a column gives %v", err)
	}
}

func TestFitsMaterialize(t *testing.T) {
	for v, want := range map[columns.Value]bool{
		{Text: "19.90"}: true, {Text: "1e37"}: true, {Text: "1e38"}: false, {Text: "1e-38"}: true, {Text: "1e-39"}: false,
		{Text: "12345678901234567890.123456789012345678"}: true, {Text: "12345678901234567890.1234567890123456789"}: false,
	} {
		if got := fitsMaterialize(columns.Decimal, v); got != want {
			t.Errorf("%s fits: %t", v.Text, got)
		}
	}
	for v, want := range map[string]bool{"0000-12-31T23:59:59.999Z": false, "0001-01-01T00:00:00.000Z": true} {
		if got := fitsMaterialize(columns.Timestamp, columns.Value{Text: v}); got != want {
			t.Errorf("%s fits: %t", v, got)
		}
	}
}

// TestMaterialize runs against one that somebody has started.
func TestMaterialize(t *testing.T) {
	dsn := need.Tool(t, "materialize")
	var schemas atomic.Int64
	sinktest.Run(t, sinktest.Harness{NUL: "\uFFFD", Start: func(t testing.TB) sinktest.Destination {
		schema := fmt.Sprintf("weir_test_%d_%d", time.Now().UnixNano(), schemas.Add(1))
		t.Cleanup(func() { exec(t, dsn, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
		return sinktest.Destination{
			New: func() sinks.Sink {
				return sink(t, Config{DSN: sinks.Secret(dsn), Dialect: materialize, Schema: schema, Table: "events", Migrate: true})
			},
			Stored: func(t testing.TB) []sinktest.Stored { return storedAsText(t, dsn, schema) },
			Poison: func(_ testing.TB, e sinks.Event) []sinks.Event {
				return []sinks.Event{sinktest.With(e, "page_urlport", "443"), {ID: e.ID, Envelope: e.Envelope[:100]}}
			},
		}
	}})
}

// storedAsText reads the table back by its columns' text, for servers that make no JSON of a row.
func storedAsText(t testing.TB, dsn, schema string) (list []sinktest.Stored) {
	t.Helper()
	all := table{dialect: materialize}.columns()
	selected, cells, to := make([]string, len(all)), make([]*string, len(all)), make([]any, len(all))
	for i, c := range all {
		selected[i], to[i] = quote(c.Name)+"::text", &cells[i]
	}
	conn := connect(t, dsn)
	if _, err := conn.Exec(t.Context(), "SET timezone = 'UTC'"); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), "SELECT "+strings.Join(selected, ", ")+" FROM "+quote(schema)+".events")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		members := map[string]json.RawMessage{}
		if v := cells[columns.Len]; v != nil {
			if err := json.Unmarshal([]byte(*v), &members); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range columns.All {
			switch v := cells[i]; {
			case v == nil:
			case c.Type == columns.Timestamp:
				members[c.Name] = json.RawMessage(`"` + strings.Replace(strings.TrimSuffix(*v, "+00"), " ", "T", 1) + `Z"`)
			case c.Type == columns.Text || c.Type == columns.UUID:
				text, err := json.Marshal(*v)
				if err != nil {
					t.Fatal(err)
				}
				members[c.Name] = text
			default:
				members[c.Name] = json.RawMessage(*v)
			}
		}
		object, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		var id string
		if err := json.Unmarshal(members["event_id"], &id); err != nil {
			t.Fatal(err)
		}
		list = append(list, sinktest.Stored{ID: id, Object: object})
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
