//go:build unix

package mysql

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/mysql/mysqltest"
	"weir/sinks/sinktest"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "mysql") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(mysqltest.Start(t))) }

func harness(server *mysqltest.Server) sinktest.Harness {
	crash := false // outages take turns: a shutdown, a crash
	return sinktest.Harness{
		Unique: true, Ordered: true, Shared: true, NUL: "\uFFFD",
		Start: func(t testing.TB) sinktest.Destination {
			dsn := server.Database(t)
			return sinktest.Destination{
				New:    func() sinks.Sink { return sink(t, Config{DSN: sinks.Secret(dsn), Migrate: true}) },
				Stored: func(t testing.TB) []sinktest.Stored { return readBack(t, dsn) },
				Outage: func(t testing.TB, during func()) {
					if crash = !crash; crash {
						server.Kill(t)
					} else {
						server.Stop(t)
					}
					during()
					server.Restart(t)
				},
				Poison: func(t testing.TB, e sinks.Event) []sinks.Event {
					exec(t, dsn, "ALTER TABLE events ADD CONSTRAINT polite CHECK (user_id <> 'refused'), MODIFY page_title VARCHAR(30)")
					exec(t, dsn, "CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW IF NEW.user_id = 'triggered' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF")
					return []sinks.Event{
						sinktest.With(e, "user_id", "refused"),
						sinktest.With(e, "user_id", "triggered"),
						sinktest.With(e, "page_title", strings.Repeat("too long", 10)),
						sinktest.With(e, "event_fingerprint", strings.Repeat("f", 100)),
						sinktest.With(e, "event_fingerprint", "\u00e9"),
						sinktest.With(e, "page_url", strings.Repeat("'", 5<<20)), // quoted, beyond max_allowed_packet
						sinktest.With(e, "page_urlport", "443"),
						sinktest.With(e, "collector_tstamp", "yesterday"),
						sinktest.With(e, "collector_tstamp", "0999-12-31T23:59:59.999Z"),
						{ID: e.ID, Envelope: e.Envelope[:100]},
					}
				},
				Forbid: func(t testing.TB) {
					exec(t, dsn, "CREATE OR REPLACE USER limited")
					dsn = as(t, dsn, "limited")
					exec(t, strings.Replace(dsn, "limited@", "root@", 1), "GRANT SELECT ON "+database(t, dsn)+".* TO limited")
				},
			}
		},
	}
}

func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	if c.Table == "" {
		c.Table = "events"
	}
	kind, _ := sinks.Lookup("mysql")
	s, err := kind.New(&c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// readBack makes JSON of the table, by the types of its columns.
func readBack(t testing.TB, dsn string) (list []sinktest.Stored) {
	t.Helper()
	selected := make([]string, width)
	for i, c := range all {
		selected[i] = quote(c.Name)
	}
	rows, err := connect(t, dsn).QueryContext(t.Context(), "SELECT "+strings.Join(selected, ", ")+" FROM events ORDER BY weir_row")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cells, to := make([]sql.RawBytes, width), make([]any, width)
	for i := range cells {
		to[i] = &cells[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		list = append(list, rowBack(t, cells))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func rowBack(t testing.TB, cells []sql.RawBytes) sinktest.Stored {
	s := sinktest.Stored{ID: string(cells[columnID])}
	members := map[string]json.RawMessage{}
	if overflow := cells[columns.Len]; overflow != nil {
		if err := json.Unmarshal(overflow, &members); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range columns.All {
		switch v := cells[i]; {
		case v == nil:
		case c.Type == columns.JSON || c.Type == columns.Decimal || c.Type == columns.Integer:
			members[c.Name] = bytes.Clone(v)
		case c.Type == columns.Boolean:
			members[c.Name] = json.RawMessage(map[string]string{"0": "false", "1": "true"}[string(v)])
		case c.Type == columns.Timestamp:
			members[c.Name] = json.RawMessage(`"` + strings.Replace(string(v), " ", "T", 1) + `Z"`)
		default:
			text, err := json.Marshal(string(v))
			if err != nil {
				t.Fatal(err)
			}
			members[c.Name] = text
		}
	}
	var err error
	if s.Object, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return s
}

func connect(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func exec(t testing.TB, dsn string, statements ...string) {
	t.Helper()
	db := connect(t, dsn)
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func as(t testing.TB, dsn, user string) string {
	t.Helper()
	c, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c.User = user
	return c.FormatDSN()
}

func database(t testing.TB, dsn string) string {
	t.Helper()
	c, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return c.DBName
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
	if err := connect(t, dsn).QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestServer(t *testing.T) {
	server := mysqltest.Start(t)
	for name, test := range map[string]func(*testing.T, string){
		"least privilege": leastPrivilege, "add columns": addColumns, "newer table": newerTable, "cut off": cutOff, "not ours": notOurs,
		"two tables": twoTables, "views": views, "session": forcedSession, "refusals name no value": refusals, "odd names": oddNames,
		"an index of yours": foreignIndex, "read-only": readOnly, "replay": replay, "two hosts": twoHosts,
	} {
		t.Run(name, func(t *testing.T) { test(t, server.Database(t)) })
	}
}

// leastPrivilege migrates as the owner and writes as a user that may insert and see the key, and nothing else.
func leastPrivilege(t *testing.T, dsn string) {
	name := database(t, dsn)
	exec(t, dsn, "CREATE USER writer")
	exec(t, dsn, "GRANT SELECT ON mysql.help_topic TO writer", "GRANT USAGE ON *.* TO writer")
	owner := sink(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	for range 2 {
		if err := owner.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	writer := Config{DSN: sinks.Secret(as(t, dsn, "writer"))}
	exec(t, dsn, "GRANT SELECT (event_id, event_fingerprint) ON "+name+".events TO writer")
	if err := sink(t, writer).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "GRANT INSERT ON `"+name+"`.`events` TO writer@%") {
		t.Errorf("Check does not ask for INSERT: %v", err)
	}
	exec(t, dsn, "REVOKE SELECT (event_id, event_fingerprint) ON "+name+".events FROM writer", "GRANT INSERT ON "+name+".events TO writer")
	if err := sink(t, writer).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "GRANT SELECT (event_id, event_fingerprint) ON `"+name+"`.`events` TO writer@%") {
		t.Errorf("Check does not ask for SELECT: %v", err)
	}
	exec(t, dsn, "GRANT SELECT (event_id, event_fingerprint) ON "+name+".events TO writer")
	if err := sink(t, writer).Check(t.Context()); err != nil {
		t.Errorf("Check with the grants gives %v", err)
	}
	s := open(t, writer)
	for range 2 {
		if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 10)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, dsn, "events"); n != 10 {
		t.Errorf("%d events are stored", n)
	}
	exec(t, dsn, "ALTER TABLE events DROP COLUMN true_tstamp")
	if err := sink(t, writer).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "true_tstamp") {
		t.Errorf("Open without a column gives %v", err)
	}
	exec(t, dsn, "DROP TABLE events")
	if err := sink(t, writer).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "migrate is off") {
		t.Errorf("Open without a table gives %v", err)
	}
}

func addColumns(t *testing.T, dsn string) {
	c := Config{DSN: sinks.Secret(dsn), Migrate: true}
	open(t, c)
	exec(t, dsn, "ALTER TABLE events DROP COLUMN true_tstamp, DROP COLUMN se_value, DROP COLUMN weir_overflow, ADD COLUMN mine TEXT DEFAULT 'x'")
	if err := open(t, c).Write(t.Context(), sinks.Batch{Events: []sinks.Event{sinktest.Full(1, 1)}}); err != nil {
		t.Fatal(err)
	}
	if n := count(t, dsn, "events WHERE se_value = -1.57 AND true_tstamp IS NOT NULL AND weir_overflow IS NULL AND mine = 'x'"); n != 1 {
		t.Errorf("%d events are stored whole", n)
	}
}

func newerTable(t *testing.T, dsn string) {
	c := Config{DSN: sinks.Secret(dsn), Migrate: true}
	open(t, c)
	exec(t, dsn, "UPDATE weir_migrations SET version = 99")
	if err := sink(t, c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "newer weir") {
		t.Errorf("Open of a newer table gives %v", err)
	}
}

// cutOff: a process died between two statements of a step.
func cutOff(t *testing.T, dsn string) {
	c := Config{DSN: sinks.Secret(dsn), Migrate: true}
	open(t, c)
	exec(t, dsn, "DELETE FROM weir_migrations", "DROP VIEW events_entities")
	open(t, c)
	if n := count(t, dsn, "events_entities"); n != 0 {
		t.Errorf("%d entities", n)
	}
}

// notOurs: a table of that name without the key would take every event twice.
func notOurs(t *testing.T, dsn string) {
	exec(t, dsn, "CREATE TABLE events (id INT)", "CREATE TABLE b (id INT) ENGINE=MyISAM")
	for table, want := range map[string]string{"events": "events_key", "b": "InnoDB"} {
		if err := sink(t, Config{DSN: sinks.Secret(dsn), Table: table, Migrate: true}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open of a foreign table gives %v, want %s in it", err, want)
		}
	}
}

func twoTables(t *testing.T, dsn string) {
	for _, table := range []string{"events", "failed_events"} {
		s := open(t, Config{DSN: sinks.Secret(dsn), Table: table, Migrate: true})
		if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 2)}); err != nil {
			t.Fatal(err)
		}
		if n := count(t, dsn, table); n != 2 {
			t.Errorf("%s holds %d events", table, n)
		}
	}
}

func views(t *testing.T, dsn string) {
	e := sinktest.With(sinktest.Events(1, 2)[1], "weir", map[string]any{"verdict": "failed", "violations": []any{
		map[string]any{"path": "/sku", "keyword": "type"}, map[string]any{"path": "/n", "keyword": "minimum"},
	}})
	deep := sinktest.With(sinktest.Events(1, 3)[2], "contexts", json.RawMessage(strings.Repeat("[", 100)+strings.Repeat("]", 100)))
	if err := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true}).Write(t.Context(), sinks.Batch{Events: []sinks.Event{e, deep}}); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"SELECT GROUP_CONCAT(verdict, ' ', event_name, ' ', COALESCE(JSON_UNQUOTE(JSON_EXTRACT(data, '$.sku')), '-') ORDER BY event_name SEPARATOR ', ') FROM events_feed": "failed add_to_cart A-1, good page_view -",
		"SELECT GROUP_CONCAT(`schema`, ' ', JSON_UNQUOTE(JSON_EXTRACT(data, '$.sku')) SEPARATOR ' ') FROM events_entities":                                                 "iglu:com.example/product/jsonschema/1-0-0 A-1 iglu:com.example/product/jsonschema/1-0-0 A-2",
		"SELECT GROUP_CONCAT(path, ' ', keyword SEPARATOR ', ') FROM events_violations":                                                                                    "/sku type, /n minimum",
	} {
		var got string
		if err := connect(t, dsn).QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s\ngives %q, %v\nwant  %q", query, got, err, want)
		}
	}
}

// forcedSession: neither the server's defaults (lax, and eight hours off, in
// mysqltest) nor the connection string weaken the promise.
func forcedSession(t *testing.T, dsn string) {
	dsn += "?sql_mode=%27%27&Time_Zone=%27%2B03%3A00%27&unique_checks=0&autocommit=0&charset=latin1&collation=latin1_swedish_ci&clientFoundRows=true"
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	var mode, zone, client, collation string
	var unique bool
	if err := s.conn.QueryRowContext(t.Context(), "SELECT @@sql_mode, @@time_zone, @@unique_checks, @@character_set_client, @@collation_connection").Scan(&mode, &zone, &unique, &client, &collation); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(mode, "STRICT_ALL_TABLES") || zone != "+00:00" || !unique || client != "utf8mb4" || collation != "utf8mb4_bin" {
		t.Errorf("the session has %s, %s, %t, %s, %s", mode, zone, unique, client, collation)
	}
}

func refusals(t *testing.T, dsn string) {
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	exec(t, dsn, "ALTER TABLE events MODIFY page_title VARCHAR(30), MODIFY tr_city INT, MODIFY user_fingerprint VARCHAR(40), ADD UNIQUE KEY mine (user_fingerprint), ADD CONSTRAINT polite CHECK (user_id <> 'canary')",
		"CREATE TRIGGER refuse BEFORE INSERT ON events FOR EACH ROW IF NEW.app_id = 'canary' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'canary'; END IF")
	e := sinktest.Events(1, 10)
	write := func(want string, events ...sinks.Event) {
		t.Helper()
		err := s.Write(t.Context(), sinks.Batch{Events: events})
		var partial *sinks.BatchError
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || !strings.HasSuffix(partial.Failed[0].Err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Write gives %v, want %s at the end of it and no value in it", err, want)
		}
	}
	write("error 1406, SQLSTATE 22001, at page_title", sinktest.With(e[0], "page_title", strings.Repeat("canary", 10)))
	write("error 4025, SQLSTATE 23000, at polite", sinktest.With(e[0], "user_id", "canary"))
	write("error 1366, SQLSTATE 22007, at tr_city", sinktest.With(e[0], "tr_city", "canary' for column `a`.`b`.`c` at row 1"))
	write("error 1644, SQLSTATE 45000", sinktest.With(e[0], "app_id", "canary"))
	write("error 1062, SQLSTATE 23000, at mine", sinktest.With(e[0], "user_fingerprint", "canary"), sinktest.With(e[1], "user_fingerprint", "canary"))
	write("column page_urlport: not an integer of 32 bits", sinktest.With(e[0], "page_urlport", "canary"))
}

// foreignIndex: an event that meets a unique index which is not the key's is no
// duplicate. It must be refused by name.
func foreignIndex(t *testing.T, dsn string) {
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	exec(t, dsn, "CREATE UNIQUE INDEX mine ON events (page_title(40))")
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
	if n := count(t, dsn, "events"); n != 4 {
		t.Errorf("%d events are stored, want 4", n)
	}
}

// readOnly: a primary that was turned into a replica under the sink is a lost connection.
func readOnly(t *testing.T, dsn string) {
	exec(t, dsn, "CREATE USER plain", "GRANT ALL ON "+database(t, dsn)+".* TO plain") // the setting does not bind root
	c := Config{DSN: sinks.Secret(as(t, dsn, "plain")), Migrate: true}
	s := open(t, c)
	exec(t, dsn, "SET GLOBAL read_only = 1, innodb_flush_log_at_trx_commit = 2")
	defer exec(t, dsn, "SET GLOBAL read_only = 0, innodb_flush_log_at_trx_commit = 1")
	if err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)}); !errors.Is(err, sinks.ErrNotConnected) {
		t.Errorf("Write to a read-only server gives %v", err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "read-only") || !strings.Contains(err.Error(), "innodb_flush_log_at_trx_commit") {
		t.Errorf("Check gives %v", err)
	}
}

// replay: batches that mix what is stored and what is not keep their order.
func replay(t *testing.T, dsn string) {
	s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
	events := sinktest.Events(1, 3000)
	for _, part := range [][]sinks.Event{events[:1], events[:1500], events[1:2500], append(slices.Clone(events), events...), events} {
		if err := s.Write(t.Context(), sinks.Batch{Events: part}); err != nil {
			t.Fatal(err)
		}
	}
	list := readBack(t, dsn)
	if len(list) != len(events) {
		t.Fatalf("%d events are stored, want %d", len(list), len(events))
	}
	for i := range list {
		if list[i].ID != events[i].ID {
			t.Fatalf("at place %d is %s, want %s", i, list[i].ID, events[i].ID)
		}
	}
	if s.careful == 0 {
		t.Error("the sink does not ask first after duplicates")
	}
}

// twoHosts store the same batches at the same moment, as after a host was
// thought dead. What one is refused for the other's sake is never blamed on an
// event, and the next try passes.
func twoHosts(t *testing.T, dsn string) {
	events := sinktest.Events(1, 1000)
	errs := make([]error, 4)
	var wait sync.WaitGroup
	for i := range errs {
		s := open(t, Config{DSN: sinks.Secret(dsn), Migrate: true})
		wait.Go(func() {
			for at := 0; at < len(events); at += 100 {
				b := sinks.Batch{Events: events[at : at+100]}
				err := s.Write(t.Context(), b)
				for tries := 0; err != nil && tries < 100; tries++ {
					var partial *sinks.BatchError
					if errors.As(err, &partial) || sinks.IsPermanent(err) || errors.Is(err, sinks.ErrNotConnected) {
						break
					}
					err = s.Write(t.Context(), b)
				}
				errs[i] = errors.Join(errs[i], err)
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if n := count(t, dsn, "events"); n != len(events) {
		t.Errorf("%d events are stored, want %d", n, len(events))
	}
}

// oddNames holds names from configuration apart from SQL.
func oddNames(t *testing.T, dsn string) {
	for _, name := range []string{"select", "user", "_x", strings.Repeat("t", 48)} {
		c := Config{DSN: sinks.Secret(dsn), Table: name, Migrate: true}
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		if err := open(t, c).Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "a`b", "a;b", "A", "1a", "a b", "a.b", strings.Repeat("t", 49), "ü", "a\x00", migrations} {
		if err := (&Config{DSN: "u@tcp(localhost)/x", Table: name}).Validate(); err == nil {
			t.Errorf("table %q is accepted", name)
		}
	}
}

func TestValidateReportsEverything(t *testing.T) {
	for _, dsn := range []string{"", "u:hunter2@tcp(h:3306", "u:hunter2@tcp(h:3306)/"} {
		err := (&Config{DSN: sinks.Secret(dsn), Table: "", TLS: TLS{Cert: "x"}}).Validate()
		for _, part := range []string{"dsn: ", "table: ", "tls: "} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("no %q in %v", part, err)
			}
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is shown: %v", err)
		}
	}
}

func TestSecretStaysSecret(t *testing.T) {
	s := sink(t, Config{DSN: "u:hunter2@tcp(127.0.0.1:1)/x", Migrate: true})
	err := s.Open(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(fmt.Sprintf("%+v %#v", s.config, s.config), "hunter2") {
		t.Errorf("Open of a closed port gives %v", err)
	}
}

func TestErrorClasses(t *testing.T) {
	for _, c := range []struct {
		number                          uint16
		state, message                  string
		refusal, repetition, disconnect bool
	}{
		{number: 1406, state: "22001", refusal: true}, {number: 1264, state: "22003", refusal: true}, {number: 1265, state: "01000", refusal: true},
		{number: 3140, state: "22032", refusal: true}, {number: 3819, state: "HY000", refusal: true}, {number: 4025, state: "23000", refusal: true},
		{number: 1366, state: "HY000", refusal: true}, {number: 1644, state: "45000", refusal: true}, {number: 1526, state: "HY000", refusal: true},
		{number: 1062, state: "23000", message: "Duplicate entry 'x' for key 'events_key'", repetition: true},
		{number: 1062, state: "23000", message: "Duplicate entry 'x' for key 'events.events_key'", repetition: true},
		{number: 1062, state: "23000", message: "Duplicate entry 'for key 'events_key'' for key 'mine'", refusal: true},
		{number: 1213, state: "40001"}, {number: 1205, state: "HY000"}, {number: 1114, state: "HY000"}, {number: 1021, state: "HY000"}, {number: 1142, state: "42000"},
		{number: 1146, state: "42S02"}, {number: 1317, state: "70100"}, {number: 1364, state: "HY000"},
		{number: 1053, state: "08S01", disconnect: true}, {number: 1290, state: "HY000", disconnect: true}, {number: 1792, state: "25006", disconnect: true},
		{number: 1836, state: "HY000", disconnect: true}, {number: 1927, state: "70100", disconnect: true}, {number: 4031, state: "HY000", disconnect: true},
	} {
		e := &driver.MySQLError{Number: c.number, Message: c.message}
		copy(e.SQLState[:], c.state)
		err := fmt.Errorf("inserting: %w", e)
		if isRefusal(err, "events_key") != c.refusal || isRepetition(err, "events_key") != c.repetition || isDisconnect(err) != c.disconnect {
			t.Errorf("%d: refusal %t, repetition %t, disconnect %t", c.number, isRefusal(err, "events_key"), isRepetition(err, "events_key"), isDisconnect(err))
		}
	}
	if !isDisconnect(driver.ErrInvalidConn) || isRefusal(driver.ErrInvalidConn, "k") {
		t.Error("a broken connection is not told from the server's errors")
	}
}
