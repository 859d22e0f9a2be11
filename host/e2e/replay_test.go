package e2e

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // registers the driver

	"weir/edge/envelope"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

// replayed is a host that is sent batches without an edge.
type replayed struct {
	t        testing.TB
	dir      string
	sinks    string // YAML
	hostURL  string
	adminURL string
	host     *process
	verdict  string // of what it is sent
	members  string // of each envelope, besides
	events   int
	batches  int
}

func startReplayed(t testing.TB, sinks string) *replayed {
	r := &replayed{t: t, dir: t.TempDir(), sinks: sinks, verdict: "good", hostURL: "http://" + freeAddress(t), adminURL: "http://" + freeAddress(t)}
	r.start()
	return r
}

func (r *replayed) start() {
	r.t.Helper()
	path := filepath.Join(r.dir, "weir.yaml")
	text := fmt.Sprintf("data_dir: %s\npublic: {listen: %q}\nadmin: {listen: %q}\ndrain: 1s\n%s",
		filepath.Join(r.dir, "data"), strings.TrimPrefix(r.hostURL, "http://"), strings.TrimPrefix(r.adminURL, "http://"), r.sinks)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.host = launch(r.t, "host", []string{"WEIR_SECRET=" + secret}, weir(r.t), "host", "--config", path)
	answers(r.t, r.host, r.hostURL+"/readyz")
}

// send stores so many batches of so many events, many batches a request.
func (r *replayed) send(batches, size int) {
	r.t.Helper()
	key, err := signature.ParseSecret(secret)
	if err != nil {
		r.t.Fatal(err)
	}
	const perRequest = 200
	for sent := 0; sent < batches; {
		var body []byte
		first := ""
		for n := 0; n < perRequest && sent < batches; n++ {
			r.batches++
			sent++
			now := time.Now().UnixMilli()
			h := envelope.Header{ID: fmt.Sprintf("%08x-%04x-7000-8000-%012x", now>>16, now&0xffff, r.batches), Captured: now, Events: size}
			if first == "" {
				first = h.ID
			}
			body = append(h.AppendJSON(body), '\n')
			for range size {
				r.events++
				body = fmt.Appendf(body, `{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"01930000-0000-4000-8000-%012d","event_vendor":"com.example",`+
					`"event_name":"view","event_format":"jsonschema","event_version":"1-0-0",%s"weir":{"version":1,"protocol":"snowplow","verdict":%q,"batch":%q,"index":0}}`+"\n", r.events, r.members, r.verdict, h.ID)
			}
		}
		req, err := http.NewRequest(http.MethodPost, r.hostURL+"/v1/batches", bytes.NewReader(body))
		if err != nil {
			r.t.Fatal(err)
		}
		now := time.Now().Unix()
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("webhook-id", first)
		req.Header.Set("webhook-timestamp", strconv.FormatInt(now, 10))
		req.Header.Set("webhook-signature", signature.Sign(key, first, now, body))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			r.t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			r.t.Fatalf("sending: %s: %s", resp.Status, text)
		}
	}
}

type replayedStatus struct {
	Journal struct {
		Records     int
		DeadLetters int
	}
	Routes []struct {
		Name string
		Lag  int
	}
}

func (r *replayed) status() (s replayedStatus, err error) {
	resp, err := http.Get(r.adminURL + "/api/status")
	if err != nil {
		return s, err
	}
	defer resp.Body.Close()
	return s, json.NewDecoder(resp.Body).Decode(&s)
}

// settled waits until every route has delivered what the journal holds.
func (r *replayed) settled() {
	r.t.Helper()
	eventually(r.t, "routes deliver everything", func() error {
		s, err := r.status()
		if err != nil {
			return err
		}
		for _, route := range s.Routes {
			if route.Lag > 0 {
				return fmt.Errorf("route %s is %d batches behind", route.Name, route.Lag)
			}
		}
		return nil
	})
}

// count asks a SQLite file of the host.
func (r *replayed) count(file, query string) (n int) {
	r.t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(5000)&_pragma=query_only(1)")
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(&n); err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (r *replayed) journal() string { return filepath.Join(r.dir, "data", "journal", "journal.db") }

// interrupted runs weir, and does something while the host works on the n-th
// request that weir makes to change something. The next one would have to wait.
func (r *replayed) interrupted(n int32, do func(cmd *process), args ...string) {
	r.t.Helper()
	host, err := url.Parse(r.adminURL)
	if err != nil {
		r.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(host)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	var posts atomic.Int32
	reached, done := make(chan struct{}), make(chan struct{})
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodPost {
			switch at := posts.Add(1); {
			case at == n:
				close(reached)
			case at > n:
				<-done
			}
		}
		proxy.ServeHTTP(w, req)
	}))
	defer between.Close()
	cmd := launch(r.t, "command", nil, weir(r.t), append(args, "--admin", between.URL)...)
	select {
	case <-reached:
	case <-cmd.exited:
		r.t.Fatalf("weir %s ended after %d requests: %s", strings.Join(args, " "), posts.Load(), cmd.output())
	case <-time.After(patience):
		r.t.Fatalf("weir %s makes no request", strings.Join(args, " "))
	}
	do(cmd)
	close(done)
	<-cmd.exited
	if cmd.err == nil {
		r.t.Fatalf("weir %s did not notice: %s", strings.Join(args, " "), cmd.output())
	}
}

// result runs weir to its end and reads the JSON that it prints.
func (r *replayed) result(into any, args ...string) {
	r.t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(weir(r.t), append(args, "--json", "--admin", r.adminURL)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("weir %s: %v: %s", strings.Join(args, " "), err, &stderr)
	}
	if err := json.Unmarshal(out, into); err != nil {
		r.t.Fatalf("weir %s printed %s: %v", strings.Join(args, " "), out, err)
	}
}

// TestReplayOnCluster replays a journal that a JetStream server keeps, with the
// command killed in the middle.
func TestReplayOnCluster(t *testing.T) {
	program := need.Tool(t, "nats-server")
	address := freeAddress(t)
	host, port, _ := strings.Cut(address, ":")
	nats := launch(t, "nats-server", nil, program, "-a", host, "-p", port, "-js", "-sd", t.TempDir())
	eventually(t, "nats-server listens", func() error {
		if err := nats.alive(); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err
	})
	r := startReplayed(t, fmt.Sprintf("journal: {kind: nats, max_bytes: 256MiB, nats: {servers: [%q], replicas: 1}}\nsinks: [{name: warehouse, sqlite: {}}, {name: second, sqlite: {}}]\n"+
		"routes: [{sink: warehouse}, {sink: second, events: failed}]\n", "nats://"+address))
	r.send(1100, 3) // three steps
	r.settled()
	replay := []string{"replay", "--route", "warehouse", "--from", "2020-01-01", "--to", "2100-01-01", "--yes"}
	r.interrupted(2, func(cmd *process) { cmd.kill() }, replay...)
	var done struct{ Events, Known int }
	r.result(&done, replay...)
	if done.Events != r.events || done.Known == 0 || done.Known == r.events {
		t.Errorf("the replay came to %d events, %d handed over before it was killed; want some of %d", done.Events, done.Known, r.events)
	}
	r.result(&done, replay...)
	if done.Events != r.events || done.Known != r.events {
		t.Errorf("once more it came to %d events, %d known; want %d of both", done.Events, done.Known, r.events)
	}
	s, err := r.status()
	if err != nil || s.Journal.Records != 2*r.batches {
		t.Errorf("the journal holds %d batches, %v; want each of %d once as it came and once as it was replayed", s.Journal.Records, err, r.batches)
	}
	r.settled()
	r.host.stop(t)
}

// TestReplayInterrupted empties a table, replays by time, and kills the host, or
// the command, in the middle. The same command again completes the replay: each
// event was handed over once, and is in the table once.
func TestReplayInterrupted(t *testing.T) {
	for name, end := range map[string]func(r *replayed, cmd *process){
		"host":    func(r *replayed, _ *process) { r.host.kill() },
		"command": func(_ *replayed, cmd *process) { cmd.kill() },
	} {
		t.Run(name, func(t *testing.T) {
			r := startReplayed(t, "sinks: [{name: warehouse, sqlite: {}}]\n")
			const batches, size = 4000, 3 // eight steps
			r.send(batches, size)
			r.settled()
			r.host.stop(t)
			table := filepath.Join(r.dir, "data", "sinks", "warehouse", "events.sqlite")
			if n := r.count(table, "SELECT count(*) FROM events"); n != r.events {
				t.Fatalf("the table holds %d events, want %d", n, r.events)
			}
			if err := os.RemoveAll(filepath.Dir(table)); err != nil {
				t.Fatal(err)
			}
			r.start()

			replay := []string{"replay", "--route", "warehouse", "--from", "2020-01-01", "--to", "2100-01-01", "--yes"}
			r.interrupted(4, func(cmd *process) { end(r, cmd) }, replay...)
			if r.host.alive() != nil {
				r.start()
			}
			var done struct{ Events, Known int }
			r.result(&done, replay...)
			if done.Events != r.events || done.Known == 0 || done.Known >= r.events {
				t.Errorf("the replay came to %d events, %d handed over before it was killed; want some of %d", done.Events, done.Known, r.events)
			}
			r.result(&done, replay...)
			if done.Events != r.events || done.Known != r.events {
				t.Errorf("once more it came to %d events, %d known; want %d of both", done.Events, done.Known, r.events)
			}
			r.settled()
			r.host.stop(t)
			if n := r.count(table, "SELECT count(*) FROM events"); n != r.events {
				t.Errorf("the table holds %d events, want %d", n, r.events)
			}
			if n := r.count(table, "SELECT count(DISTINCT event_id) FROM events"); n != r.events {
				t.Errorf("the table holds %d different events, want %d", n, r.events)
			}
			if n := r.count(r.journal(), "SELECT sum(events) FROM log WHERE route = 'warehouse'"); n != r.events {
				t.Errorf("%d events were handed over in all, want each of %d once", n, r.events)
			}
			need.Ran(t, "replay killed in the middle", name)
		})
	}
}
