//go:build unix

package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/postgres/pgtest"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "postgres") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(pgtest.Start(t))) }

func harness(server *pgtest.Server) sinktest.Harness { return harnessOf(server, Config{}, "") }

// harnessOf is the harness of a dialect, in databases that are set up first.
func harnessOf(server *pgtest.Server, c Config, setup string) sinktest.Harness {
	c.Migrate = true
	crash := false // outages take turns: a shutdown, a crash
	outage := func(t testing.TB, during func()) {
		if crash = !crash; crash {
			server.Kill(t)
		} else {
			server.Stop(t)
		}
		during()
		server.Restart(t)
	}
	if c.Dialect != "" {
		outage = nil // the connection is the same
	}
	return sinktest.Harness{
		Unique: c.Dialect != materialize, Shared: c.Dialect != materialize, NUL: "\uFFFD",
		Start: func(t testing.TB) sinktest.Destination {
			dsn := server.Database(t)
			exec(t, dsn, setup)
			return sinktest.Destination{
				New: func() sinks.Sink {
					c := c
					c.DSN = sinks.Secret(dsn)
					return sink(t, c)
				},
				Stored: func(t testing.TB) []sinktest.Stored {
					if c.Dialect == materialize {
						return storedAsText(t, dsn, "atomic")
					}
					return stored(t, dsn)
				},
				Outage: outage,
				Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
					exec(t, dsn, `ALTER TABLE atomic.events ADD CONSTRAINT polite CHECK (user_id <> 'refused')`)
					exec(t, dsn, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$`)
					exec(t, dsn, `CREATE TRIGGER refuse BEFORE INSERT ON atomic.events FOR EACH ROW WHEN (new.user_id = 'triggered') EXECUTE FUNCTION refuse()`)
					payload := func(data string) sinks.Event {
						return sinktest.With(e, "unstruct_event", json.RawMessage(`{"schema":"iglu:a/b/jsonschema/1-0-0","data":`+data+`}`))
					}
					list := []sinks.Event{
						sinktest.With(e, "user_id", "refused"),
						sinktest.With(e, "user_id", "triggered"),
						payload("1e999999"),                                                // beyond numeric
						payload("1e-20000"),                                                // beyond its scale
						payload(strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000)), // beyond the server's stack
						sinktest.With(e, "page_urlport", "443"),
						sinktest.With(e, "collector_tstamp", "yesterday"),
						{ID: e.ID, Envelope: e.Envelope[:100]},
					}
					if c.Dialect != materialize {
						list = append(list, sinktest.With(e, "event_fingerprint", incompressible(10_000))) // beyond a page of the index
					}
					return list
				},
				Forbid: func(t testing.TB) {
					exec(t, dsn, `DO $$ BEGIN CREATE ROLE limited LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
					dsn = as(t, dsn, "limited")
				},
			}
		},
	}
}

func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	if c.Schema == "" {
		c.Schema, c.Table = "atomic", "events"
	}
	if c.Dialect == "" {
		c.Dialect = postgres
	}
	kind, _ := sinks.Lookup("postgres")
	s, err := kind.New(&c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// stored reads the table back as JSON made by the server.
func stored(t testing.TB, dsn string) (list []sinktest.Stored) {
	c := connect(t, dsn)
	// Numerics as they are, not as jsonb would normalise them; years as ISO 8601 has them.
	rows, err := c.Query(t.Context(), `SET timezone = 'UTC'`)
	if err != nil {
		t.Fatal(err)
	}
	rows.Close()
	rows, err = c.Query(t.Context(), `SELECT event_id::text, to_json(e)::text FROM atomic.events AS e`)
	if err != nil {
		t.Fatal(err)
	}
	list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s sinktest.Stored, err error) {
		var object string
		err = row.Scan(&s.ID, &object)
		s.Object = []byte(bc(object))
		return s, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// bc writes the year 1 BC of true_tstamp as ISO 8601 does, 0000.
func bc(object string) string {
	before, after, ok := strings.Cut(object, `"true_tstamp":"0001-`)
	at, rest, ok2 := strings.Cut(after, ` BC"`)
	if !ok || !ok2 || strings.Contains(at, `"`) {
		return object
	}
	return before + `"true_tstamp":"0000-` + at + `"` + rest
}

func exec(t testing.TB, dsn, sql string) {
	t.Helper()
	if _, err := connect(t, dsn).Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

func connect(t testing.TB, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(c) })
	return c
}

func as(t testing.TB, dsn, user string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(user)
	return u.String()
}

func incompressible(n int) string {
	var b strings.Builder
	for i := uint32(1); b.Len() < n; i++ {
		fmt.Fprintf(&b, "%08x", i*2654435761)
	}
	return b.String()
}

func open(t *testing.T, c Config) *Sink {
	t.Helper()
	s := sink(t, c)
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(t.Context()) })
	return s
}

func count(t *testing.T, dsn, table string) (n int) {
	t.Helper()
	if err := connect(t, dsn).QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServer(t *testing.T) {
	server := pgtest.Start(t, "fsync=off") // nothing crashes here
	for name, test := range map[string]func(*testing.T, string){
		"least privilege": leastPrivilege, "add columns": addColumns, "newer table": newerTable, "two tables": twoTables,
		"views": theViews, "durable whatever the default": durable, "refusals name no value": refusals, "odd names": oddNames,
		"an index of yours": foreignIndex,
	} {
		t.Run(name, func(t *testing.T) { test(t, server.Database(t)) })
	}
}

// leastPrivilege migrates as the owner and writes as a user that may insert and see the key, and nothing else.
func leastPrivilege(t *testing.T, dsn string) {
	exec(t, dsn, "CREATE ROLE writer LOGIN")
	writer := Config{DSN: sinks.Secret(as(t, dsn, "writer"))}
	if err := sink(t, writer).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "migrate is off") {
		t.Errorf("Open without a table gives %v", err)
	}
	owner := sink(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	for range 2 {
		if err := owner.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, grant := range []string{`GRANT USAGE ON SCHEMA "atomic" TO "writer"`, `GRANT INSERT ON "atomic"."events" TO "writer"`,
		`GRANT SELECT (event_id, event_fingerprint) ON "atomic"."events" TO "writer"`} {
		if err := sink(t, writer).Check(t.Context()); err == nil || !strings.Contains(err.Error(), grant) {
			t.Errorf("Check does not ask for %s: %v", grant, err)
		}
	}
	exec(t, dsn, "GRANT USAGE ON SCHEMA atomic TO writer; GRANT INSERT, SELECT (event_id, event_fingerprint) ON atomic.events TO writer")
	if err := sink(t, writer).Check(t.Context()); err != nil {
		t.Errorf("Check with the grants gives %v", err)
	}
	s := open(t, writer)
	for range 2 {
		if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 10)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, dsn, "atomic.events"); n != 10 {
		t.Errorf("%d events are stored", n)
	}
	exec(t, dsn, "ALTER TABLE atomic.events DROP COLUMN true_tstamp")
	if err := sink(t, writer).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "true_tstamp") {
		t.Errorf("Open without a column gives %v", err)
	}
}

func addColumns(t *testing.T, dsn string) {
	c := Config{DSN: sinks.Secret(dsn), Migrate: true}
	open(t, c)
	exec(t, dsn, "ALTER TABLE atomic.events DROP COLUMN true_tstamp, DROP COLUMN se_value, ADD COLUMN mine text DEFAULT 'x'")
	if err := open(t, c).Write(t.Context(), sinks.Batch{Events: []sinks.Event{sinktest.Full(1, 1)}}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, dsn, "atomic.events WHERE se_value = -1.57 AND true_tstamp IS NOT NULL AND mine = 'x'"); n != 1 {
		t.Errorf("%d events are stored whole", n)
	}
}

func newerTable(t *testing.T, dsn string) {
	c := Config{DSN: sinks.Secret(dsn), Migrate: true}
	open(t, c)
	exec(t, dsn, "UPDATE atomic.weir_migrations SET version = 99")
	if err := sink(t, c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "newer weir") {
		t.Errorf("Open of a newer table gives %v", err)
	}
}

func twoTables(t *testing.T, dsn string) {
	for _, table := range []string{"events", "failed_events"} {
		s := open(t, Config{DSN: sinks.Secret(dsn), Schema: "s", Table: table, Migrate: true})
		if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 2)}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, dsn, "s."+table); n != 2 {
			t.Errorf("%s holds %d events", table, n)
		}
	}
}

func theViews(t *testing.T, dsn string) {
	e := sinktest.With(sinktest.Events(1, 2)[1], "weir", map[string]any{"verdict": "failed", "violations": []any{
		map[string]any{"path": "/sku", "keyword": "type"}, map[string]any{"path": "/n", "keyword": "minimum"},
	}})
	if err := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true}).Write(t.Context(), sinks.Batch{Events: []sinks.Event{e}}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT verdict || ' ' || event_name || ' ' || (data->>'sku') FROM atomic.events_feed": "failed add_to_cart A-1",
		"SELECT string_agg(schema || (data->>'sku'), ' ') FROM atomic.events_entities":         "iglu:com.example/product/jsonschema/1-0-0A-1 iglu:com.example/product/jsonschema/1-0-0A-2",
		"SELECT string_agg(path || ' ' || keyword, ', ') FROM atomic.events_violations":        "/sku type, /n minimum",
	} {
		var got string
		if err := connect(t, dsn).QueryRow(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s\ngives %q, %v\nwant  %q", query, got, err, want)
		}
	}
}

// durable raises a database's synchronous_commit where it would break the promise.
func durable(t *testing.T, dsn string) {
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	for setting, want := range map[string]string{"off": "on", "local": "local", "remote_apply": "remote_apply"} {
		exec(t, dsn, "ALTER DATABASE "+quote(strings.TrimPrefix(u.Path, "/"))+" SET synchronous_commit = "+setting)
		s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
		var got string
		if err := s.conn.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&got); err != nil || got != want {
			t.Errorf("with the default %s the session has %s, %v; want %s", setting, got, err, want)
		}
	}
}

func refusals(t *testing.T, dsn string) {
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	exec(t, dsn, "ALTER TABLE atomic.events ALTER page_title TYPE varchar(30), ADD CONSTRAINT polite CHECK (user_id <> 'canary')")
	e := sinktest.Events(1, 1)[0]
	err := s.Write(t.Context(), sinks.Batch{Events: []sinks.Event{
		sinktest.With(e, "page_title", strings.Repeat("canary", 10)),
		sinktest.With(e, "user_id", "canary"),
		sinktest.With(e, "unstruct_event", json.RawMessage(`{"canary":1e999999}`)),
		sinktest.With(e, "page_urlport", "canary"),
	}})
	var partial *sinks.BatchError
	if !errors.As(err, &partial) || len(partial.Failed) != 4 {
		t.Fatalf("Write gives %v", err)
	}
	for _, f := range partial.Failed {
		t.Log(f.Err)
		if strings.Contains(f.Err.Error(), "canary") {
			t.Errorf("the error quotes the event: %v", f.Err)
		}
	}
}

// foreignIndex: an event that meets a unique index which is not the key's is no
// duplicate. It must be refused by name.
func foreignIndex(t *testing.T, dsn string) {
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	exec(t, dsn, "CREATE UNIQUE INDEX mine ON atomic.events (page_title)")
	events := sinktest.Events(1, 4)
	clash := sinktest.With(events[3], "page_title", "Product 0")
	for _, b := range []struct {
		events []sinks.Event
		failed []int
	}{{events[:2], nil}, {[]sinks.Event{events[2], clash}, []int{1}}, {[]sinks.Event{clash, events[0], events[3]}, []int{0}}} {
		err := s.Write(t.Context(), sinks.Batch{Events: b.events})
		var partial *sinks.BatchError
		var failed []int
		if errors.As(err, &partial) {
			for _, f := range partial.Failed {
				failed = append(failed, f.Index)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(failed, b.failed) {
			t.Errorf("refused are %v, want %v: %v", failed, b.failed, err)
		}
	}
	if n := count(t, dsn, "atomic.events"); n != 4 {
		t.Errorf("%d events are stored, want 4", n)
	}
}

// oddNames holds names from configuration apart from SQL.
func oddNames(t *testing.T, dsn string) {
	for _, name := range []string{"select", "user", "_x", strings.Repeat("t", 48)} {
		c := Config{DSN: sinks.Secret(dsn), Dialect: postgres, Schema: name, Table: name, Migrate: true}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if err := open(t, c).Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", `a"b`, "a;b", "A", "1a", "a b", "a.b", strings.Repeat("t", 49), "ü", "a\x00", migrations} {
		if err := (&Config{DSN: "postgres://localhost/x", Dialect: postgres, Schema: "s", Table: name}).Validate(); err == nil {
			t.Errorf("table %q is accepted", name)
		}
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := (&Config{DSN: "postgres://u:hunter2@h:bad port/", Dialect: "oracle", Schema: "S", Table: "", Retention: 1}).Validate()
	for _, part := range []string{"dsn: ", "dialect: ", "schema: ", "table: ", "retention: "} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
}

func TestSecretStaysSecret(t *testing.T) {
	s := sink(t, Config{DSN: "postgres://u:hunter2@127.0.0.1:1/x", Migrate: true})
	err := s.Open(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(fmt.Sprintf("%+v %#v", s.config, s.config), "hunter2") {
		t.Errorf("Open of a closed port gives %v", err)
	}
}

func TestErrorClasses(t *testing.T) {
	for code, want := range map[string]struct{ refusal, disconnect bool }{
		"22003": {refusal: true}, "22P02": {refusal: true}, "23514": {refusal: true}, "54000": {refusal: true}, "P0001": {refusal: true},
		"08006": {disconnect: true}, "57P01": {disconnect: true}, "57P02": {disconnect: true}, "57P03": {disconnect: true}, "25006": {disconnect: true},
		"40P01": {}, "40001": {}, "42501": {}, "42P01": {}, "53100": {}, "57014": {}, "55P03": {}, "": {}, "2": {},
	} {
		err := fmt.Errorf("copying: %w", &pgconn.PgError{Code: code})
		if isRefusal(err) != want.refusal || isDisconnect(err) != want.disconnect {
			t.Errorf("%q: refusal %t, disconnect %t", code, isRefusal(err), isDisconnect(err))
		}
	}
}

// TestRepetition: a chunk of a hypertable has constraints of its own, named after the table's.
func TestRepetition(t *testing.T) {
	for _, c := range []struct {
		dialect, code, constraint string
		want                      bool
	}{
		{postgres, "23505", "events_key", true}, {postgres, "23505", "mine", false}, {postgres, "23514", "events_key", false}, {postgres, "23505", "1_1_events_key", false},
		{timescale, "23505", "12_3_events_key", true}, {timescale, "23505", "events_key", true}, {timescale, "23505", "12_3_mine", false},
	} {
		err := fmt.Errorf("copying: %w", &pgconn.PgError{Code: c.code, ConstraintName: c.constraint})
		if got := (table{name: "events", dialect: c.dialect}).isRepetition(err); got != c.want {
			t.Errorf("%+v is taken for a repetition: %t", c, got)
		}
	}
}

func TestLine(t *testing.T) {
	var row columns.Row
	if err := row.Read(sinktest.With(sinktest.Events(1, 1)[0], "app_id", "a\tb\\c\nd\re", "true_tstamp", "0000-02-29T23:59:59.999Z").Envelope); err != nil {
		t.Fatal(err)
	}
	line := string(appendLine(nil, &row))
	fields := strings.Split(line, "\t")
	if len(fields) != columns.Len || fields[0] != `a\tb\\c\nd\re` || fields[130] != "0001-02-29T23:59:59.999Z BC" || fields[2] != `\N` {
		t.Errorf("%d fields in %s", len(fields), line)
	}
}
