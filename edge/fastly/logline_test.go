package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fastly/compute-sdk-go/fsttest"

	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

// Only what was answered before goes to a log, which confirms nothing.
func TestLogTakesWhatWasAnswered(t *testing.T) {
	for _, tt := range []struct {
		ack    string
		status int
		lines  int
	}{
		{"fast", 200, 1}, {"queued", 503, 0}, {"stored", 503, 0}, {"delivered", 503, 0},
	} {
		in, s := pageView(), &hosts{answers: []string{"connection refused"}}
		h := open(t, "https://one.example", `{"ack":"`+tt.ack+`"}`, nil, in, s)
		var log strings.Builder
		h.lines.endpoint, h.lines.secret = &log, h.forward.secret
		r, err := request(in)
		if err != nil {
			t.Fatal(err)
		}
		w := fsttest.NewRecorder()
		h.serve(t.Context(), w, r)
		if w.Code != tt.status || strings.Count(log.String(), "batch") != tt.lines {
			t.Errorf("%s: answered %d, log %q", tt.ack, w.Code, log.String())
		}
		if tt.lines == 0 {
			continue
		}
		var line struct {
			ID        string
			Timestamp int64
			Signature string
			Batch     []byte
		}
		if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
			t.Fatal(err)
		}
		sent := s.sent[0].Header
		if line.ID != sent.Get("webhook-id") || string(line.Batch) != string(s.batches[0]) ||
			signature.Verify([][]byte{h.forward.secret}, line.ID, fmt.Sprint(line.Timestamp), line.Signature, line.Batch, time.UnixMilli(in.NowMillis)) != nil {
			t.Errorf("%s: the line is %s", tt.ack, log.String())
		}
	}
}

func TestLineThatIsTooLong(t *testing.T) {
	var log strings.Builder
	l := logLines{endpoint: &log, secret: []byte(secret)}
	size := func(batch int) (int, error) {
		log.Reset()
		err := l.try("id", make([]byte, batch), time.Unix(1_795_215_804, 0))
		return log.Len(), err
	}
	longest, n := 0, maxLine
	for ; longest == 0; n-- {
		longest, _ = size(n)
	}
	if longest > maxLine || longest < maxLine-4 {
		t.Errorf("the longest line is %d bytes, want just up to %d", longest, maxLine)
	}
	if written, err := size(maxLine); err == nil || written != 0 || !strings.Contains(err.Error(), "16000") {
		t.Errorf("%d bytes written, %v", written, err)
	}
}

// While no host answers, the program on Viceroy writes lines; a host of weir gets
// them as Fastly would send them, and has each event once.
func TestLogLinesOnViceroy(t *testing.T) {
	need.Tool(t, "edge.wasm") // where that could be compiled, so can this
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(root, "fastly.toml"))
	if err != nil {
		t.Fatal(err)
	}
	down := &host{}
	down.down.Store(true)
	server := httptest.NewServer(down)
	t.Cleanup(server.Close)
	local := strings.NewReplacer("http://127.0.0.1:8081", server.URL, `settings = "{}"`, `settings = '{"ack":"fast"}'`, `spill = "kv"`, `spill = "log"`)
	base, said := listen(t, filepath.Join(root, "edge/fastly/main.wasm"), []byte(local.Replace(string(manifest))))

	const events = 40
	post := func(n, of int) {
		t.Helper()
		var list []string
		for i := range of {
			list = append(list, fmt.Sprintf(`{"e":"pv","eid":"c6ef3124-b53a-4b13-a233-%012d","tv":"js-4.10.1","aid":"shop","p":"web","url":"https://shop.example/"}`, n+i))
		}
		resp, err := http.Post(base+"/com.snowplowanalytics.snowplow/tp2", "application/json",
			strings.NewReader(`{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[`+strings.Join(list, ",")+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Fatalf("answered %d", resp.StatusCode)
		}
	}
	for n := 0; n < events; n += 2 {
		post(n, 2)
	}
	post(1000, 90) // too much for a line
	var lines []string
	until(t, "the lines", func() bool {
		lines = lines[:0]
		for line := range strings.Lines(said.String()) {
			if line, ok := strings.CutPrefix(line, logEndpoint+" :: "); ok && strings.HasSuffix(line, "}\n") {
				lines = append(lines, strings.TrimSpace(line))
			}
		}
		return len(lines) >= events/2 && strings.Contains(said.String(), "is lost: its line would take")
	})
	if len(lines) != events/2 {
		t.Fatalf("%d lines for %d batches that fit", len(lines), events/2)
	}

	address, out := weirHost(t, root)
	if answer := get(t, address+"/.well-known/fastly/logging/challenge"); answer != "*\n" {
		t.Errorf("the challenge is answered %q", answer)
	}
	forged := strings.Replace(lines[0], `"timestamp":1`, `"timestamp":2`, 1)
	stranger := strings.ReplaceAll(lines[1], `"batch":"`, `"batch":"`+base64.StdEncoding.EncodeToString([]byte("xyz")))
	// Twice: Fastly tries again what it has no answer to.
	for _, body := range []string{strings.Join(lines[:12], "\n"), strings.Join(append([]string{forged, stranger}, lines[5:]...), "\n") + "\n"} {
		resp, err := http.Post(address+"/v1/logs/fastly", "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("a host answers lines %d", resp.StatusCode)
		}
	}
	id := regexp.MustCompile(`"event_id":"c6ef3124-b53a-4b13-a233-(\d{12})"`)
	until(t, "the events", func() bool { return len(id.FindAllString(out.String(), -1)) >= events })
	out.end(t)
	seen := map[string]int{}
	for _, found := range id.FindAllString(out.String(), -1) {
		seen[found]++
	}
	if len(seen) != events {
		t.Errorf("%d events arrived, want %d", len(seen), events)
	}
	for event, times := range seen {
		if times != 1 {
			t.Errorf("%s arrived %d times", event, times)
		}
	}
	if !strings.Contains(out.String(), "lines=2") {
		t.Error("the host does not say that two lines were bad")
	}
	need.Ran(t, "log lines, outage", "viceroy")
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// process is a host of weir, what it said and what its sink wrote.
type process struct {
	transcript
	cmd   *exec.Cmd
	ended chan error
}

// end stops the host, which drains first.
func (p *process) end(t *testing.T) {
	t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := <-p.ended; err != nil {
		t.Errorf("the host ended: %v", err)
	}
	p.ended <- nil
}

// weirHost starts the real host, that takes the logs of any service and writes
// events to its standard output.
func weirHost(t *testing.T, root string) (address string, p *process) {
	t.Helper()
	dir := t.TempDir()
	binary, config := filepath.Join(dir, "weir"), filepath.Join(dir, "weir.yaml")
	build := exec.Command("go", "build", "-o", binary, "./host/cmd/weir")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building weir: %v\n%s", err, out)
	}
	address = free(t)
	text := fmt.Sprintf("data_dir: %s\npublic: {listen: %q}\nadmin: {listen: \"off\"}\nedge: {secrets: [%q], log_services: [\"*\"]}\nsinks:\n  - stdout: {}\n",
		filepath.Join(dir, "data"), address, secret)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p = &process{cmd: exec.Command(binary, "host", "--config", config), ended: make(chan error, 1)}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("the host said:\n%s", p)
		}
	})
	until(t, "the host", func() bool {
		resp, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil && resp.StatusCode == http.StatusOK
	})
	return "http://" + address, p
}
