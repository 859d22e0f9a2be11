package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	extism "github.com/extism/go-sdk"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/toolchain/need"
)

// wireRequest and wireOutcome are the two documents as a host's author would write them down.
type wireRequest struct {
	Method       string            `json:"method"`
	Path         string            `json:"path"`
	Query        string            `json:"query,omitempty"`
	Host         string            `json:"host,omitempty"`
	Secure       bool              `json:"secure,omitempty"`
	ClientIP     string            `json:"client_ip,omitempty"`
	Headers      [][2]string       `json:"headers,omitempty"`
	Body         string            `json:"body,omitempty"`
	BodyBase64   string            `json:"body_base64,omitempty"`
	BodyTooLarge bool              `json:"body_too_large,omitempty"`
	Now          int64             `json:"now"`
	Entropy      string            `json:"entropy"`
	Location     map[string]string `json:"location,omitempty"`
	BotScore     uint8             `json:"bot_score,omitempty"`
	BotVerified  bool              `json:"bot_verified,omitempty"`
	Trapped      bool              `json:"trapped,omitempty"`
}

type wireResponse struct {
	Status     int         `json:"status"`
	Headers    [][2]string `json:"headers"`
	Body       string      `json:"body"`
	BodyBase64 []byte      `json:"body_base64"`
}

type wireOutcome struct {
	Ack      string        `json:"ack"`
	BatchID  string        `json:"batch_id"`
	Batch    string        `json:"batch"`
	Response wireResponse  `json:"response"`
	Refusal  *wireResponse `json:"refusal"`
}

func encode(in *collector.Input) ([]byte, error) {
	q, at := &in.Request, &in.Location
	w := wireRequest{
		Method: q.Method, Path: q.Path, Query: q.Query, Host: q.Host, Secure: q.Secure, ClientIP: q.ClientIP,
		BodyTooLarge: q.BodyTooLarge, Now: in.NowMillis, Entropy: hex.EncodeToString(in.Entropy[:]), Trapped: in.Trapped,
		BotScore: in.Bot.Score, BotVerified: in.Bot.Verified,
		Location: map[string]string{
			"country": at.Country, "region": at.Region, "city": at.City, "continent": at.Continent, "timezone": at.Timezone,
			"latitude": at.Latitude, "longitude": at.Longitude, "asn": at.ASN, "as_org": at.ASOrg, "colo": at.Colo,
		},
	}
	for _, h := range q.Headers {
		w.Headers = append(w.Headers, [2]string{h.Name, h.Value})
	}
	if utf8.Valid(q.Body) {
		w.Body = string(q.Body)
	} else {
		w.BodyBase64 = base64.StdEncoding.EncodeToString(q.Body)
	}
	return json.Marshal(w)
}

func decode(doc []byte) (*collector.Outcome, error) {
	var w wireOutcome
	if err := json.Unmarshal(doc, &w); err != nil {
		return nil, fmt.Errorf("%w in %s", err, doc)
	}
	ack, ok := envelope.ParseAck(w.Ack)
	if !ok {
		return nil, fmt.Errorf("there is no ack %q", w.Ack)
	}
	out := &collector.Outcome{Ack: ack, BatchID: w.BatchID, Batch: []byte(w.Batch), Response: w.Response.neutral()}
	if w.Refusal != nil {
		out.Refusal = w.Refusal.neutral()
	}
	return out, nil
}

func (w *wireResponse) neutral() protocol.Response {
	resp := protocol.Response{Status: w.Status, Body: []byte(w.Body)}
	if w.BodyBase64 != nil {
		resp.Body = w.BodyBase64
	}
	for _, h := range w.Headers {
		resp.Headers = append(resp.Headers, protocol.Header{Name: h[0], Value: h[1]})
	}
	return resp
}

func compiled(t testing.TB) string {
	t.Helper()
	return need.Part(t, "extism plugin", func() (string, error) {
		path, err := filepath.Abs("build/weir.wasm")
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%w: run make edge", err)
		}
		return path, nil
	})
}

func config(settings string, bundle []byte) map[string]string {
	return map[string]string{"settings": settings, "bundle": base64.StdEncoding.EncodeToString(bundle)}
}

// open loads the plugin as its README tells hosts to.
func open(t testing.TB, config map[string]string) *extism.Plugin {
	t.Helper()
	manifest := extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: compiled(t)}}, Config: config}
	p, err := extism.NewPlugin(t.Context(), manifest, extism.PluginConfig{EnableWasi: true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close(context.Background()) })
	return p
}

func TestGoldenSuite(t *testing.T) {
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		p := open(t, config(string(settings), bundle))
		return func(in *collector.Input) (*collector.Outcome, error) {
			request, err := encode(in)
			if err != nil {
				return nil, err
			}
			_, outcome, err := p.Call("collect", request)
			if err != nil {
				return nil, err
			}
			return decode(outcome)
		}
	})
	need.Ran(t, "golden", "extism")
}

// The same plugin in another host: V8, and the SDK for JavaScript.
func TestGoldenSuiteInJavaScript(t *testing.T) {
	bundle := collectortest.Bundle(t)
	call := javaScript(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		own := config(string(settings), bundle)
		return func(in *collector.Input) (*collector.Outcome, error) {
			request, err := encode(in)
			if err != nil {
				return nil, err
			}
			outcome, err := call(own, request)
			if err != nil {
				return nil, err
			}
			return decode(outcome)
		}
	})
	need.Ran(t, "golden", "extism-js")
}

// javaScript starts a host and returns what sends it a request to a plugin with
// the config.
func javaScript(t *testing.T) func(config map[string]string, request []byte) (outcome []byte, err error) {
	t.Helper()
	host := exec.Command(need.Tool(t, "node"), "--no-warnings", "testdata/host.mjs", need.Package(t, "@extism/extism"), compiled(t))
	host.Stderr = os.Stderr
	in, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := host.Wait(); err != nil {
			t.Error("the host in JavaScript:", err)
		}
	})
	lines := bufio.NewReader(out)
	var open map[string]string // the config of the plugin that the host has
	return func(config map[string]string, request []byte) ([]byte, error) {
		var line []byte
		if !maps.Equal(config, open) {
			text, err := json.Marshal(map[string]any{"config": config})
			if err != nil {
				return nil, err
			}
			line, open = append(text, '\n'), config
		}
		if _, err := in.Write(append(append(line, request...), '\n')); err != nil {
			return nil, err
		}
		line, err := lines.ReadBytes('\n')
		var failed struct{ Error string }
		if err == nil && json.Unmarshal(line, &failed) == nil && failed.Error != "" {
			err = errors.New(failed.Error)
		}
		return line, err
	}
}

// What a host gets wrong is an error that names the place; the next call works.
func TestFaultsReachTheHost(t *testing.T) {
	_, _, err := open(t, config(`{"nonsense":1}`, nil)).Call("collect", []byte(minimal))
	if err == nil || !strings.Contains(err.Error(), "config: settings: nonsense") {
		t.Errorf("error = %v, want one that names the setting", err)
	}
	p := open(t, nil)
	_, _, err = p.Call("collect", []byte(`{"method":1}`))
	if err == nil || !strings.Contains(err.Error(), "request: method: must be a string") {
		t.Errorf("error = %v, want one that names the member", err)
	}
	_, outcome, err := p.Call("collect", []byte(minimal))
	if err != nil || !strings.Contains(string(outcome), `"status":200`) {
		t.Errorf("after an error: %s, %v", outcome, err)
	}
}

// The SDK allocates each request's input. What it allocates is collected: the
// module traps beyond 128 MiB, less than these requests hold.
func TestMemoryIsBounded(t *testing.T) {
	p := open(t, config(string(collectortest.Settings()), nil))
	body := `","body":"` + strings.Repeat("x", 512<<10)
	request := []byte(strings.Replace(minimal, `/health`, `/com.example/v1`+body, 1))
	for range 300 {
		if _, _, err := p.Call("collect", request); err != nil {
			t.Fatal(err)
		}
	}
}

// Over many requests the plugin's memory stays what it was, in a host that keeps
// an instance for ever. With WEIR_TORTURE a million requests say so.
func TestMemoryDoesNotGrow(t *testing.T) {
	requests := 100_000
	if os.Getenv("WEIR_TORTURE") != "" {
		requests = 1_000_000
	}
	call := javaScript(t)
	own := config(string(collectortest.Settings()), collectortest.Bundle(t))
	say := func(line string) string {
		t.Helper()
		answer, err := call(own, []byte(line))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(answer))
	}
	const round = 500
	suite := collectortest.Inputs(t)
	var inputs []*collector.Input
	for _, name := range slices.Sorted(maps.Keys(suite)) {
		inputs = append(inputs, suite[name])
	}
	collect := func(in *collector.Input, times int) {
		t.Helper()
		request, err := encode(in)
		if err != nil {
			t.Fatal(err)
		}
		say(fmt.Sprintf("{\"times\":%d}\n%s", times, request))
	}
	for _, in := range inputs {
		collect(in, 20) // its heap finds its size
	}
	// A heap that is collected grows once more when requests of all sizes have left
	// their gaps in it: then it stays.
	before := ""
	for n := range requests / round {
		if n == requests/round/2 {
			before = say(`{"memory":true}`)
		}
		collect(inputs[n%len(inputs)], round)
	}
	if after := say(`{"memory":true}`); after != before {
		t.Errorf("memory grew from %s to %s bytes over %d requests", before, after, requests/2)
	}
	need.Ran(t, "memory", "extism-js")
}
