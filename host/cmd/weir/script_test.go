package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/edge/envelope"
	"weir/edge/signature"
)

// scriptSecret joins hosts of scripts and their senders: 32 bytes that are no secret.
const scriptSecret = "whsec_d2VpciBlbmQgdG8gZW5kIHRlc3RzLCBub3QgYSBzZWM="

// scriptCommands are what scripts can do besides running weir.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"host":     scriptHost,
	"receiver": scriptReceiver,
	"send":     scriptSend,
	"until":    scriptUntil,
}

// scriptReceiver is "receiver accept" or "receiver refuse": what the receiver of
// a webhook at $RECEIVER does with what is posted to it from then on.
func scriptReceiver(ts *testscript.TestScript, neg bool, args []string) {
	refuses, running := ts.Value(receiverKey{}).(*receiver)
	if neg || !running || len(args) != 1 || args[0] != "accept" && args[0] != "refuse" {
		ts.Fatalf("usage: receiver accept|refuse")
	}
	refuses.refuse.Store(args[0] == "refuse")
}

// receiverKey is where a script keeps its receiver.
type receiverKey struct{}

// receiver takes webhooks.
type receiver struct{ refuse atomic.Bool }

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	io.Copy(io.Discard, req.Body)
	if r.refuse.Load() {
		w.WriteHeader(http.StatusUnprocessableEntity)
	}
}

// setUpScript gives a script what its commands keep.
func setUpScript(env *testscript.Env) error {
	r := new(receiver)
	server := httptest.NewServer(r)
	env.Defer(server.Close)
	env.Setenv("RECEIVER", server.URL)
	env.Values[receiverKey{}] = r
	env.Values[hostKey{}] = new(*os.Process)
	return nil
}

// hostKey is where a script keeps its host.
type hostKey struct{}

// scriptHost is "host start", which runs weir host on weir.yaml and sets
// $ADMIN and $PUBLIC to its addresses, or "host kill", which ends it as kill -9
// does. It does not outlive the script.
func scriptHost(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case neg || len(args) != 1:
		ts.Fatalf("usage: host start|kill")
	case args[0] == "start":
		startHost(ts)
	case args[0] == "kill":
		p := *ts.Value(hostKey{}).(**os.Process)
		ts.Check(p.Kill())
		_, err := p.Wait()
		ts.Check(err)
	default:
		ts.Fatalf("usage: host start|kill")
	}
}

var ready = regexp.MustCompile(`host: ready.* public=(\S+) admin=(\S+)`)

func startHost(ts *testscript.TestScript) {
	path, err := findWeir(ts)
	ts.Check(err)
	cmd := exec.Command(path, "host", "--config", ts.MkAbs("weir.yaml"))
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "WEIR_SECRET="+scriptSecret, "RECEIVER="+ts.Getenv("RECEIVER"))
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill() // the script may have done so
		_ = cmd.Wait()
	})
	*ts.Value(hostKey{}).(**os.Process) = cmd.Process
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if m := ready.FindStringSubmatch(lines.Text()); m != nil {
			ts.Setenv("PUBLIC", "http://"+m[1])
			ts.Setenv("ADMIN", "http://"+m[2])
			go io.Copy(io.Discard, stderr)
			return
		}
	}
	ts.Fatalf("the host does not start:\n%s", &said)
}

func findWeir(ts *testscript.TestScript) (string, error) {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path := filepath.Join(dir, "weir"); exec.Command(path, "version").Run() == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no weir in PATH")
}

// scriptSend is "send FILE [COUNT [SIZE]]": it sends the file's line as so many
// events, in batches of SIZE, to the script's host. ID in the line becomes
// the event's number.
func scriptSend(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 3 {
		ts.Fatalf("usage: send FILE [COUNT [SIZE]]")
	}
	n, size := 1, 100
	for i, into := range []*int{&n, &size} {
		if len(args) > i+1 {
			var err error
			*into, err = strconv.Atoi(args[i+1])
			ts.Check(err)
		}
	}
	line := strings.TrimSpace(ts.ReadFile(args[0]))
	for from := 0; from < n; from += size {
		var lines []string
		for i := from; i < min(from+size, n); i++ {
			lines = append(lines, strings.ReplaceAll(line, "ID", fmt.Sprintf("01930000-0000-4000-8000-%012d", i)))
		}
		ts.Check(sendBatch(ts.Getenv("PUBLIC"), lines))
	}
}

func sendBatch(url string, lines []string) error {
	key, err := signature.ParseSecret(scriptSecret)
	if err != nil {
		return err
	}
	now := time.Now()
	h := envelope.Header{ID: "01930000-0000-7000-8000-" + fmt.Sprintf("%x", randomBytes(6)), Captured: now.UnixMilli(), Events: len(lines)}
	for _, l := range lines {
		if !strings.Contains(l, `"verdict":"good"`) {
			h.Failed++
		}
	}
	body := append(append(h.AppendJSON(nil), '\n'), strings.Join(lines, "\n")+"\n"...)
	req, err := http.NewRequest(http.MethodPost, url+"/v1/batches", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("webhook-id", h.ID)
	req.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	req.Header.Set("webhook-signature", signature.Sign(key, h.ID, now.Unix(), body))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return fmt.Errorf("sending a batch: %s: %s", resp.Status, text)
	}
	return nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// scriptUntil is "until REGEXP COMMAND ARG…": it runs a command again and again
// until what it prints matches.
func scriptUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND ARG…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) { // between polls
		err := ts.Exec(args[1], args[2:]...)
		got := ts.ReadFile("stdout")
		if err == nil && want.MatchString(got) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%q never printed what matches %q, at last %q, %v: %s", args[1:], args[0], got, err, ts.ReadFile("stderr"))
		}
	}
}
