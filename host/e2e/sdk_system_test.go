package e2e

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"weir/edge/toolchain/need"
)

// sdkSystem is a host that stores everything in SQLite, an edge, and in front of
// it a witness of what senders are answered.
type sdkSystem struct {
	*replayed
	url string // what a sender is pointed at

	mu      sync.Mutex
	answers map[string]int // to "POST /path 200", how often
	cookies []string       // Set-Cookie, of all answers
	losing  int            // so many answers that come next are lost on the way
}

func startSDKSystem(t *testing.T, settings string) *sdkSystem {
	t.Helper()
	s := &sdkSystem{replayed: startReplayed(t, "sinks: [{name: warehouse, sqlite: {}}]\nroutes: [{sink: warehouse}]\n"), answers: map[string]int{}}
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	edge, err := url.Parse(startWeirEdge(t, s.hostURL, "--settings", file))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(edge)
	proxy.ModifyResponse = s.witness
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) } // a browser that is closed
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

func (s *sdkSystem) witness(answer *http.Response) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cookies = append(s.cookies, answer.Header.Values("Set-Cookie")...)
	if s.losing > 0 && answer.StatusCode < 300 {
		s.losing--
		s.answers["lost"]++
		answer.StatusCode, answer.Status = http.StatusBadGateway, "502 Bad Gateway"
		return nil
	}
	s.answers[fmt.Sprintf("%s %s %d", answer.Request.Method, answer.Request.URL.Path, answer.StatusCode)]++
	return nil
}

// lose makes the next answer a 502, though the edge has taken what it is about.
func (s *sdkSystem) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losing = 1
}

// forget returns what was answered since it was last asked.
func (s *sdkSystem) forget() (answers map[string]int, cookies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers, cookies = s.answers, s.cookies
	s.answers, s.cookies = map[string]int{}, nil
	return answers, cookies
}

// answered compares what was answered since it was last asked.
func (s *sdkSystem) answered(t *testing.T, want map[string]int) {
	t.Helper()
	if got, _ := s.forget(); !maps.Equal(got, want) {
		t.Errorf("senders were answered %v, want %v", got, want)
	}
}

// times counts an answer that senders were given since it was last asked.
func (s *sdkSystem) times(answer string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.answers[answer]
}

// await waits until everything that was sent is delivered, and wants exactly n
// rows of a protocol and an app.
func (s *sdkSystem) await(t *testing.T, protocol, app string, n int) []row {
	t.Helper()
	s.settled()
	file := filepath.Join(s.dir, "data", "sinks", "warehouse", "events.sqlite")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT * FROM events WHERE weir->>'$.protocol' = ? AND app_id = ? ORDER BY rowid`, protocol, app)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		one, err := scanRow(rows)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(all) != n {
		t.Fatalf("%d events of %s %s are stored, want %d", len(all), protocol, app, n)
	}
	return all
}

// scanRow reads a row into what JSON would make of it: numbers are float64, and
// the columns that hold JSON are read.
func scanRow(rows *sql.Rows) (row, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	if err := rows.Scan(into...); err != nil {
		return nil, err
	}
	one := row{}
	for i, name := range names {
		switch v := values[i].(type) {
		case int64:
			one[name] = float64(v)
		case string:
			one[name] = v
			switch name {
			case "unstruct_event", "contexts", "derived_contexts", "weir":
				var document any
				if err := json.Unmarshal([]byte(v), &document); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				one[name] = document
			}
		default:
			one[name] = v
		}
	}
	return one, nil
}

// said is what a program in testdata/sdk prints of its SDK's view.
type said struct {
	Accepted int
	Errors   []string
	Bulk     map[string]any
}

// sdk is a program of testdata/sdk on its way.
type sdk struct {
	name string
	run  *exec.Cmd
	out  strings.Builder
	log  strings.Builder
}

// startSDK runs a program of testdata/sdk on the Node that SDKs ask for, with the
// packages that it loads.
func startSDK(t *testing.T, name string, packages []string, args ...string) *sdk {
	t.Helper()
	script, err := filepath.Abs(filepath.Join("testdata", "sdk", name+".cjs"))
	if err != nil {
		t.Fatal(err)
	}
	node := filepath.Join(need.Package(t, "node"), "bin", "node")
	modules := ""
	for _, p := range packages {
		modules = strings.TrimSuffix(need.Package(t, p), string(filepath.Separator)+filepath.FromSlash(p))
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &sdk{name: name, run: exec.CommandContext(ctx, node, append([]string{script, modules}, args...)...)}
	s.run.Stdout, s.run.Stderr = &s.out, &s.log
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	return s
}

// ends waits for the program and wants its SDK to believe that so many events
// were accepted, and to complain of nothing.
func (s *sdk) ends(t *testing.T, accepted int) said {
	t.Helper()
	var answers said
	err := cmp.Or(s.run.Wait(), json.Unmarshal([]byte(s.out.String()), &answers))
	if err != nil || answers.Accepted != accepted || len(answers.Errors) > 0 {
		t.Fatalf("%s: %v: %d events accepted, want %d; it says %s%s", s.name, err, answers.Accepted, accepted, &s.out, &s.log)
	}
	return answers
}

// expectVerdicts wants every row of a protocol to be good, but for those of one
// event, which fail at a place.
func expectVerdicts(t *testing.T, rows []row, failing, path, keyword string) {
	t.Helper()
	failed := 0
	for _, r := range rows {
		f := r.facts(t)
		switch {
		case r["event_name"] == failing:
			failed++
			expectViolation(t, r, path, keyword)
		case f.Verdict != "good" || len(f.Violations) > 0:
			t.Errorf("%v: weir says %+v", r["event_name"], f)
		}
	}
	if failing != "" && failed != 1 {
		t.Errorf("%d events are %s, want one", failed, failing)
	}
}

// entity returns the data of the only entity of a schema, nil if there is none.
func (r row) entity(t *testing.T, schema string) map[string]any {
	t.Helper()
	var found map[string]any
	if r["contexts"] == nil {
		return nil
	}
	var all []selfDescribing
	r.read(t, "contexts", &all)
	for _, e := range all {
		if e.Schema != schema {
			continue
		}
		if found != nil {
			t.Errorf("%v has two entities of %s", r["event_name"], schema)
		}
		found = e.Data
	}
	return found
}

// data returns the data of a self-describing event.
func (r row) data(t *testing.T) map[string]any {
	t.Helper()
	var event selfDescribing
	r.read(t, "unstruct_event", &event)
	return event.Data
}

// same compares what was read from JSON with JSON.
func same(t *testing.T, what string, got any, want string) {
	t.Helper()
	var wanted any
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(wanted)
	if string(a) != string(b) {
		t.Errorf("%s is %s, want %s", what, a, b)
	}
}
