//go:build unix

package clickhouse

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/clickhouse/clickhousetest"
	"weir/sinks/columns"
	"weir/sinks/sinktest"
	"weir/sinks/sinktest/authority"
)

func TestKind(t *testing.T) { sinktest.RunKind(t, "clickhouse") }

func TestSink(t *testing.T) { sinktest.Run(t, harness(clickhousetest.Start(t))) }

func harness(server *clickhousetest.Server) sinktest.Harness {
	crash := false // outages take turns: a shutdown, a crash
	return sinktest.Harness{
		Unique: true, Shared: true, Stateless: true, NUL: "\uFFFD",
		Start: func(t testing.TB) sinktest.Destination {
			database, user := server.Database(t), ""
			table := database + ".events"
			return sinktest.Destination{
				New: func() sinks.Sink {
					return sink(t, Config{URL: server.URL(), Database: database, User: user, Migrate: true})
				},
				Stored: func(t testing.TB) []sinktest.Stored { return readBack(t, server, table) },
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
					server.Query(t, "ALTER TABLE "+table+" ADD CONSTRAINT polite CHECK ifNull(user_id, '') != 'refused'")
					server.Query(t, "ALTER TABLE "+table+" MODIFY COLUMN tr_city Nullable(Int32)")
					return []sinks.Event{
						sinktest.With(e, "user_id", "refused"),
						sinktest.With(e, "tr_city", "Berlin"),
						sinktest.With(e, "page_urlport", "443"),
						sinktest.With(e, "collector_tstamp", "yesterday"),
						sinktest.With(e, "collector_tstamp", "1899-12-31T23:59:59.999Z"),
						{ID: e.ID, Envelope: e.Envelope[:100]},
					}
				},
				Forbid: func(testing.TB) { user = "reader" },
			}
		},
	}
}

func sink(t testing.TB, c Config) *Sink {
	t.Helper()
	if c.Table == "" {
		c.Table = "events"
	}
	if c.Compression == "" {
		c.Compression = "zstd"
	}
	c.Timeout = time.Minute
	kind, _ := sinks.Lookup("clickhouse")
	s, err := kind.New(&c, sinktest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return s.(*Sink)
}

// readBack makes canonical JSON of what the server gives back as JSON.
func readBack(t testing.TB, server *clickhousetest.Server, table string) (list []sinktest.Stored) {
	t.Helper()
	names := make([]string, width)
	for i, c := range all {
		names[i] = quote(c.Name)
	}
	text := func(cell json.RawMessage) (s string) {
		if err := json.Unmarshal(cell, &s); err != nil {
			t.Fatalf("%s: %v", cell, err)
		}
		return s
	}
	for line := range strings.Lines(server.Query(t, "SELECT "+strings.Join(names, ", ")+" FROM "+table+" FINAL FORMAT JSONCompactEachRow")) {
		var cells [width]json.RawMessage
		if err := json.Unmarshal([]byte(line), &cells); err != nil {
			t.Fatal(err)
		}
		members := map[string]json.RawMessage{}
		if v := cells[columns.Len]; string(v) != "null" {
			if err := json.Unmarshal([]byte(text(v)), &members); err != nil {
				t.Fatal(err)
			}
		}
		for i, c := range columns.All {
			switch v := cells[i]; {
			case string(v) == "null", filled[i] && string(v) == `""`:
			case c.Type == columns.JSON:
				members[c.Name] = json.RawMessage(text(v))
			case c.Type == columns.Timestamp:
				members[c.Name] = json.RawMessage(strings.Replace(strings.TrimSuffix(string(v), `"`), " ", "T", 1) + `Z"`)
			default:
				members[c.Name] = v
			}
		}
		object, err := json.Marshal(members)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, sinktest.Stored{ID: text(cells[envelope.EventID]), Object: object})
	}
	return list
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

func write(t *testing.T, s *Sink, events ...sinks.Event) {
	t.Helper()
	if err := s.Write(t.Context(), sinks.Batch{Events: events}); err != nil {
		t.Fatal(err)
	}
}

func TestServer(t *testing.T) {
	server := clickhousetest.Start(t)
	for name, test := range map[string]func(*testing.T, *clickhousetest.Server, string){
		"insert only": insertOnly, "add columns": addColumns, "newer table": newerTable, "not ours": notOurs, "two tables": twoTables, "views": views,
		"blocks": blocks, "months": months, "refusals name no value": noValues, "odd names": oddNames, "compression": compression, "login": login, "settings": settings,
	} {
		t.Run(name, func(t *testing.T) { test(t, server, server.Database(t)) })
	}
}

// insertOnly writes to a table that another has created.
func insertOnly(t *testing.T, server *clickhousetest.Server, database string) {
	c := Config{URL: server.URL(), Database: database}
	s := sink(t, c)
	for _, err := range []error{s.Open(t.Context()), s.Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "migrate is off") {
			t.Errorf("without a table: %v", err)
		}
	}
	for range 2 {
		if err := sink(t, Config{URL: server.URL(), Database: database, Migrate: true}).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	write(t, open(t, c), sinktest.Events(1, 10)...)
	if n := server.Query(t, "SELECT count() FROM "+database+".events"); n != "10\n" {
		t.Errorf("%s events are stored", n)
	}
	server.Query(t, "ALTER TABLE "+database+".events DROP COLUMN true_tstamp")
	if err := sink(t, c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "true_tstamp") {
		t.Errorf("Open without a column gives %v", err)
	}
}

func addColumns(t *testing.T, server *clickhousetest.Server, database string) {
	c := Config{URL: server.URL(), Database: database, Migrate: true}
	open(t, c)
	server.Query(t, "ALTER TABLE "+database+".events DROP COLUMN true_tstamp, DROP COLUMN se_value, DROP COLUMN weir_overflow, ADD COLUMN mine String DEFAULT 'x'")
	write(t, open(t, c), sinktest.Full(1, 1))
	if n := server.Query(t, "SELECT count() FROM "+database+".events WHERE se_value = -1.57 AND true_tstamp IS NOT NULL AND weir_overflow IS NULL AND mine = 'x'"); n != "1\n" {
		t.Errorf("%s events are stored whole", n)
	}
}

func newerTable(t *testing.T, server *clickhousetest.Server, database string) {
	c := Config{URL: server.URL(), Database: database, Migrate: true}
	open(t, c)
	server.Query(t, "ALTER TABLE "+database+".events MODIFY COMMENT 'weir 99'")
	if err := sink(t, c).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "newer weir") {
		t.Errorf("Open of a newer table gives %v", err)
	}
}

func notOurs(t *testing.T, server *clickhousetest.Server, database string) {
	server.Query(t, "CREATE DATABASE "+database)
	server.Query(t, "CREATE TABLE "+database+".events (collector_tstamp DateTime, app_id String, event_name String, event_id UUID, weir String, user_id String, domain_userid String, network_userid String, page_url String, unstruct_event String, contexts String, derived_contexts String) ENGINE = MergeTree ORDER BY event_id")
	if err := sink(t, Config{URL: server.URL(), Database: database, Migrate: true}).Open(t.Context()); err == nil || !strings.Contains(err.Error(), "MergeTree, which keeps what is written twice") {
		t.Errorf("Open of a foreign table gives %v", err)
	}
}

func twoTables(t *testing.T, server *clickhousetest.Server, database string) {
	for _, table := range []string{"events", "failed_events"} {
		write(t, open(t, Config{URL: server.URL(), Database: database, Table: table, Migrate: true}), sinktest.Events(1, 2)...)
		if n := server.Query(t, "SELECT count() FROM "+database+"."+table); n != "2\n" {
			t.Errorf("%s holds %s events", table, n)
		}
	}
}

func views(t *testing.T, server *clickhousetest.Server, database string) {
	e := sinktest.With(sinktest.Events(1, 2)[1], "weir", map[string]any{"verdict": "failed", "violations": []any{
		map[string]any{"path": "/sku", "keyword": "type"}, map[string]any{"path": "/n", "keyword": "minimum"},
	}})
	s := open(t, Config{URL: server.URL(), Database: database, Migrate: true})
	write(t, s, e)
	write(t, s, e, sinktest.With(sinktest.Events(1, 3)[2], "contexts", nil)) // another block: seen once all the same
	for query, want := range map[string]string{
		"SELECT verdict, event_name, JSONExtractString(data, 'sku') FROM " + database + ".events_feed ORDER BY event_name":            "failed\tadd_to_cart\tA-1\ngood\tpage_view\t\n",
		"SELECT schema, JSONExtractString(data, 'sku') FROM " + database + ".events_entities ORDER BY JSONExtractString(data, 'sku')": "iglu:com.example/product/jsonschema/1-0-0\tA-1\niglu:com.example/product/jsonschema/1-0-0\tA-2\n",
		"SELECT path, keyword FROM " + database + ".events_violations ORDER BY path":                                                  "/n\tminimum\n/sku\ttype\n",
	} {
		if got := server.Query(t, query); got != want {
			t.Errorf("%s\ngives %q\nwant  %q", query, got, want)
		}
	}
}

// blocks: the same events written again soon are no new block, cut otherwise
// they are, and FINAL or a merge leaves each event once. What the operator has
// removed can be written again.
func blocks(t *testing.T, server *clickhousetest.Server, database string) {
	s, events := open(t, Config{URL: server.URL(), Database: database, Migrate: true}), sinktest.Events(1, 100)
	stored := func(want string) {
		t.Helper()
		if n := server.Query(t, "SELECT (SELECT count() FROM "+database+".events), (SELECT count() FROM "+database+".events FINAL)"); n != want {
			t.Errorf("rows, events: %q, want %q", n, want)
		}
	}
	server.Query(t, "SYSTEM STOP MERGES "+database+".events")
	for i := range 3 {
		// Told by the events, not by all that is in the block.
		write(t, s, append(events[:99:99], sinktest.With(events[99], "v_etl", fmt.Sprint(i)))...)
	}
	stored("100\t100\n")
	write(t, s, events[:60]...)
	stored("160\t100\n")
	server.Query(t, "SYSTEM START MERGES "+database+".events")
	server.Query(t, "OPTIMIZE TABLE "+database+".events FINAL")
	stored("100\t100\n")
	server.Query(t, "TRUNCATE TABLE "+database+".events")
	write(t, s, events...)
	stored("100\t100\n")
}

func months(t *testing.T, server *clickhousetest.Server, database string) {
	e := sinktest.Events(1, 2)
	write(t, open(t, Config{URL: server.URL(), Database: database, Migrate: true}), e[0], sinktest.With(e[1], "collector_tstamp", "2026-12-01T00:00:00.000Z"))
	if got := server.Query(t, "SELECT groupArray(partition) FROM (SELECT DISTINCT partition FROM system.parts WHERE active AND database = '"+database+"' AND table = 'events' ORDER BY partition)"); got != "['202611','202612']\n" {
		t.Errorf("partitions are %s", got)
	}
}

func noValues(t *testing.T, server *clickhousetest.Server, database string) {
	s := open(t, Config{URL: server.URL(), Database: database, Migrate: true})
	server.Query(t, "ALTER TABLE "+database+".events ADD CONSTRAINT polite CHECK ifNull(user_id, '') != 'canary'")
	server.Query(t, "ALTER TABLE "+database+".events MODIFY COLUMN tr_city Nullable(Int32), MODIFY COLUMN tr_state Nullable(Enum('a' = 1)), ADD COLUMN guard UInt8 DEFAULT throwIf(ifNull(user_id, '') = 'thrown canary', 'canary')")
	e := sinktest.Events(1, 1)[0]
	for want, event := range map[string]sinks.Event{
		"469 VIOLATED_CONSTRAINT, constraint polite":   sinktest.With(e, "user_id", "canary"),
		"27 CANNOT_PARSE_INPUT_ASSERTION_FAILED":       sinktest.With(e, "tr_city", "canary (FAKE_NAME)"),
		"395 FUNCTION_THROW_IF_VALUE_IS_NON_ZERO":      sinktest.With(e, "user_id", "thrown canary"),
		"691 UNKNOWN_ELEMENT_OF_ENUM":                  sinktest.With(e, "tr_state", "canary"),
		"column page_urlport: not an integer of 32 bi": sinktest.With(e, "page_urlport", "canary"),
	} {
		err := s.Write(t.Context(), sinks.Batch{Events: []sinks.Event{event}})
		var partial *sinks.BatchError
		if !errors.As(err, &partial) || len(partial.Failed) != 1 || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Write gives %v, want %s in it and no value", err, want)
		}
	}
}

// oddNames holds names from configuration apart from SQL.
func oddNames(t *testing.T, server *clickhousetest.Server, _ string) {
	for _, name := range []string{"select", "user", "_x", strings.Repeat("t", 48)} {
		write(t, open(t, Config{URL: server.URL(), Database: name, Table: name, Migrate: true}), sinktest.Events(1, 1)...)
	}
	for _, name := range []string{"", "a`b", "a;b", "A", "1a", "a b", "a.b", "a'b", strings.Repeat("t", 49), "ü", "a\x00"} {
		c := Config{URL: "http://h", Database: name, Table: name, Compression: "none", Timeout: 1}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "database: ") || !strings.Contains(err.Error(), "table: ") {
			t.Errorf("the name %q is accepted: %v", name, err)
		}
	}
}

func compression(t *testing.T, server *clickhousetest.Server, database string) {
	for i, name := range []string{"zstd", "gzip", "none"} {
		write(t, open(t, Config{URL: server.URL(), Database: database, Compression: name, Migrate: true}), sinktest.Events(uint64(i), 5)...)
		if got, want := server.Query(t, "SELECT count() FROM "+database+".events FINAL"), fmt.Sprintln(5*(i+1)); got != want {
			t.Errorf("with %s %s events are stored, want %s", name, got, want)
		}
	}
}

func login(t *testing.T, server *clickhousetest.Server, database string) {
	c := Config{URL: server.URL(), Database: database, User: "nobody", Password: "hunter2", Migrate: true}
	for _, err := range []error{sink(t, c).Open(t.Context()), sink(t, c).Check(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "516 AUTHENTICATION_FAILED") || strings.Contains(err.Error(), "hunter2") || sinks.IsPermanent(err) {
			t.Errorf("a wrong password gives %v", err)
		}
	}
}

// settings: those of the promise are set, further ones are passed on, and one
// that does not exist is found by Check.
func settings(t *testing.T, server *clickhousetest.Server, database string) {
	s := open(t, Config{URL: server.URL(), Database: database, Migrate: true, Settings: map[string]string{"max_threads": "3"}})
	for name, want := range map[string]string{"async_insert": "0", "wait_for_async_insert": "1", "input_format_allow_errors_num": "0", "max_threads": "3"} {
		if got, err := s.server.ask(t.Context(), "SELECT getSetting('"+name+"')", s.server.settings); got != want && got != map[string]string{"0": "false", "1": "true"}[want] || err != nil {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	odd := sink(t, Config{URL: server.URL(), Database: database, Migrate: true, Settings: map[string]string{"no_such_setting": "1"}})
	if err := odd.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Errorf("Check of a setting that does not exist gives %v", err)
	}
}

func TestValidateReportsEverything(t *testing.T) {
	c := Config{URL: "http://u:hunter2@h/?x=1", Password: "p", TLS: TLS{Key: "x"}, Compression: "lz4", Settings: map[string]string{"a b": "1", "async_insert": "1", "query": "x"}}
	err := c.Validate()
	for _, part := range []string{"url: ", "user: ", "tls: ", "compression: ", "timeout: ", "database: ", "table: ", `settings: "a b"`, "settings: async_insert", "settings: query"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("no %q in %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the password is shown: %v", err)
	}
	for _, u := range []string{"", "clickhouse://h:9000", "h:8123", "http://"} {
		if err := (&Config{URL: u, Database: "d", Table: "t", Compression: "none", Timeout: 1}).Validate(); err == nil {
			t.Errorf("url %q is accepted", u)
		}
	}
}

// TestAnswers are those that a server in trouble, or something in front of it, gives.
func TestAnswers(t *testing.T) {
	var status int
	var code, after, body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.RawQuery, "INSERT") {
			return // Open, which finds a table that hides itself
		}
		for name, value := range map[string]string{"X-ClickHouse-Exception-Code": code, "Retry-After": after, "Location": "http://127.0.0.1:1/"} {
			if value != "" {
				w.Header().Set(name, value)
			}
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	s := sink(t, Config{URL: server.URL, Database: "d"})
	var err error
	if s.server, err = dial(s.config); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status                 int
		code, after, body      string
		ok, refused, throttled bool
		wait                   time.Duration
		says                   string
	}{
		{status: 200, ok: true},
		{status: 200, body: "Code: 241. DB::Exception: Memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)", says: "241 MEMORY_LIMIT_EXCEEDED"},
		{status: 200, code: "241", says: "241"},
		{status: 500, code: "252", body: "Code: 252. DB::Exception: Too many parts (TOO_MANY_PARTS) (version 24.8.1.1 (official build))", throttled: true, says: "252 TOO_MANY_PARTS"},
		{status: 500, code: "202", throttled: true}, {status: 429, after: "7", throttled: true, wait: 7 * time.Second}, {status: 503, throttled: true, after: "-1"},
		{status: 502, body: "<html>", says: "answers 502"}, {status: 302, says: "answers 302"}, {status: 404, code: "60"}, {status: 500, code: "242"}, {status: 403, code: "497"},
		{status: 400, code: "469", refused: true}, {status: 400, code: "27", refused: true}, {status: 400, body: "Code: 349. DB::Exception: x", refused: true},
		{status: 400, code: "62"}, {status: 500, code: "1000"},
	} {
		status, code, after, body = c.status, c.code, c.after, c.body
		err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)})
		wait, throttled := sinks.IsThrottled(err)
		var partial *sinks.BatchError
		if (err == nil) != c.ok || errors.As(err, &partial) != c.refused || throttled != c.throttled || wait != c.wait || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%d %q %q: Write gives %v; throttled %t for %v", c.status, c.code, c.body, err, throttled, wait)
		}
	}
}

// TestGrants: a server that keeps its users apart, which the engine of the
// other tests does not.
func TestGrants(t *testing.T) {
	missing := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := make([]byte, 4096)
		n, _ := r.Body.Read(query)
		switch q := string(query[:n]); {
		case strings.Contains(q, "getSetting"):
			fmt.Fprintln(w, 0)
		case strings.Contains(q, "CHECK GRANT "+missing+" ON"):
			fmt.Fprintln(w, 0)
		case strings.Contains(q, "CHECK GRANT"):
			fmt.Fprintln(w, 1)
		}
	}))
	t.Cleanup(server.Close)
	for _, missing = range []string{"CREATE TABLE", "CREATE VIEW", "INSERT"} {
		err := sink(t, Config{URL: server.URL, Database: "d", Migrate: true}).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "GRANT "+missing+" ON `d`.*") {
			t.Errorf("Check without %s gives %v", missing, err)
		}
	}
}

// TestTLS: a server of a private authority, which asks for a certificate.
func TestTLS(t *testing.T) {
	dir, stranger := t.TempDir(), t.TempDir()
	if err := errors.Join(authority.Write(dir), authority.Write(stranger)); err != nil {
		t.Fatal(err)
	}
	var seen http.Header
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header }))
	config, err := TLS{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "server.pem"), Key: filepath.Join(dir, "server.key")}.load()
	if err != nil {
		t.Fatal(err)
	}
	config.ClientCAs, config.ClientAuth = config.RootCAs, tls.RequireAndVerifyClientCert
	server.TLS = config
	server.Config.ErrorLog = log.New(t.Output(), "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	files := func(ca, client string) TLS {
		return TLS{CA: filepath.Join(ca, "ca.pem"), Cert: filepath.Join(client, "client.pem"), Key: filepath.Join(client, "client.key")}
	}
	for _, c := range []struct {
		files    TLS
		password sinks.Secret
		ok       bool
		login    string // the header's name
	}{
		{files(dir, dir), "", true, "X-Clickhouse-Ssl-Certificate-Auth"},
		{files(dir, dir), "hunter2", true, "X-Clickhouse-Key"},
		{TLS{CA: filepath.Join(dir, "ca.pem")}, "", false, ""},
		{files(dir, stranger), "", false, ""},
		{files(stranger, dir), "", false, ""},
		{TLS{CA: filepath.Join(dir, "none")}, "", false, ""},
		{TLS{CA: filepath.Join(dir, "ca.key")}, "", false, ""},
	} {
		c2 := Config{URL: server.URL, User: "u", Password: c.password, TLS: c.files, Database: "d"}
		s := sink(t, c2)
		seen = nil
		if s.server, err = dial(s.config); err == nil {
			_, err = s.server.ask(t.Context(), "SELECT 1", nil)
		}
		if ok := err == nil; ok != c.ok || ok && (seen.Get("X-ClickHouse-User") != "u" || seen.Get(c.login) == "") {
			t.Errorf("with %+v: %v, %v", c.files, err, seen)
		}
	}
}

func TestSecretStaysSecret(t *testing.T) {
	s := sink(t, Config{URL: "http://127.0.0.1:1", User: "u", Password: "hunter2", Database: "d", Migrate: true})
	err := s.Open(t.Context())
	if err == nil || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "query=") || strings.Contains(fmt.Sprintf("%+v %#v", s.config, s.config), "hunter2") {
		t.Errorf("Open of a closed port gives %v", err)
	}
}

func TestLine(t *testing.T) {
	var row columns.Row
	e := sinktest.With(sinktest.Events(1, 1)[0], "app_id", nil, "page_title", "a\tb\\c\nd\re", "se_value", json.Number("1.25e1"), "tr_total", json.Number("-0.50"))
	if err := row.Read(e.Envelope); err != nil {
		t.Fatal(err)
	}
	fields := strings.Split(strings.TrimSuffix(string(appendLine(nil, &row, []byte(`{"a\tb":1}`))), "\n"), "\t")
	if len(fields) != width {
		t.Fatalf("%d fields, want %d", len(fields), width)
	}
	for f, want := range map[envelope.Field]string{
		envelope.AppID: "", envelope.PageTitle: `a\tb\\c\nd\re`, envelope.SeValue: "12.5", envelope.TrTotal: "-0.5", envelope.UserID: `\N`,
		envelope.BrCookies: "true", envelope.CollectorTstamp: "2026-11-20 23:03:24.123",
	} {
		if fields[f] != want {
			t.Errorf("%s is %q, want %q", f.Name(), fields[f], want)
		}
	}
	if got := fields[columns.Len]; got != `{"a\\tb":1}` {
		t.Errorf("the overflow is %q", got)
	}
}
