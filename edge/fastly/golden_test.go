package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/edge/abi"
	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

// The suite on Fastly's own runtime, over HTTP: each request goes to Viceroy on
// a socket, its batch comes out at a backend, and once more to a service whose
// backend is down, for the refusal. What of it is the test's own stands in
// golden.go. HTTP keeps neither the case of a field's name nor the order of
// different names, so these two are the native collector's.
func TestGoldenSuiteOnViceroy(t *testing.T) {
	bundle := collectortest.Bundle(t)
	backend := &backend{batches: make(chan []byte, 1)}
	addr := goldenProgram(t, bundle, backend)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		native, err := collector.New(settings, bundle, all.Adapters()...)
		if err != nil {
			t.Fatal(err)
		}
		key := settingsEntry(settings)
		return func(in *collector.Input) (*collector.Outcome, error) {
			out := native.Collect(in)
			backend.expect(in, true)
			if err := exchange(addr, key, in, &out.Response); err != nil {
				return nil, fmt.Errorf("answer: %w", err)
			}
			if len(out.Batch) == 0 {
				return out, backend.idle()
			}
			batch, err := backend.taken()
			if err != nil {
				return nil, err
			}
			// An answer that waits for no host is never a refusal.
			if out.Ack != envelope.AckFast {
				backend.expect(in, false)
				if err := exchange(addr, key, in, &out.Refusal); err != nil {
					return nil, fmt.Errorf("refusal: %w", err)
				}
			}
			out.Batch = batch
			return out, nil
		}
	})
	need.Ran(t, "golden", "viceroy")
}

// settingsEntry is the key under which the config store holds settings.
func settingsEntry(settings []byte) string {
	return "settings-" + strconv.FormatUint(uint64(crc32.ChecksumIEEE(settings)), 16)
}

// goldenProgram compiles the program with the tag golden, starts it on Viceroy
// with the settings of every case and the bundle in its stores, and returns its address.
func goldenProgram(t *testing.T, bundle []byte, backend http.Handler) (addr string) {
	t.Helper()
	need.Tool(t, "edge.wasm") // where that could be compiled, so can this
	dir := t.TempDir()
	program := filepath.Join(dir, "golden.wasm")
	build := exec.Command("go", "run", "weir/edge/toolchain", "-package", "./edge/fastly", "-tags", "golden", "-o", program)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compiling the program: %v\n%s", err, out)
	}
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	config := map[string]string{hostsKey: server.URL}
	for _, settings := range collectortest.AllSettings(t) {
		config[settingsEntry(settings)] = string(settings)
	}
	entries, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"config.json": entries, "default.bundle": bundle} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	base := run(t, program, fmt.Appendf(nil, `manifest_version = 3
name = "weir"
language = "other"
[local_server.backends.host1]
url = %q
[local_server.config_stores.weir]
format = "json"
file = %q
[[local_server.kv_stores.weir]]
key = "bundle"
file = %q
[[local_server.secret_stores.weir-secrets]]
key = "secret"
env = "WEIR_SECRET"
`, server.URL, filepath.Join(dir, "config.json"), filepath.Join(dir, "default.bundle")))
	return strings.TrimPrefix(base, "http://")
}

// backend is a weir host as far as one request at a time is concerned.
type backend struct {
	in      *collector.Input // whose batch may come
	up      bool
	batches chan []byte
}

func (b *backend) expect(in *collector.Input, up bool) { b.in, b.up = in, up }

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != path {
		http.NotFound(w, r) // Viceroy asks once whether its backends are there
		return
	}
	if !b.up {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, err := io.ReadAll(r.Body)
	key, _ := signature.ParseSecret(secret)
	id := r.Header.Get("webhook-id")
	if err != nil || signature.Verify([][]byte{key}, id, r.Header.Get("webhook-timestamp"), r.Header.Get("webhook-signature"), body, time.UnixMilli(b.in.NowMillis)) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, `{"batch":%q}`, id)
	b.batches <- body
}

// taken returns the batch that the last request led to.
func (b *backend) taken() ([]byte, error) {
	select {
	case batch := <-b.batches:
		return batch, nil
	case <-time.After(10 * time.Second):
		return nil, errors.New("no batch came")
	}
}

func (b *backend) idle() error {
	select {
	case batch := <-b.batches:
		return fmt.Errorf("a batch came that should not have: %s", batch)
	default:
		return nil
	}
}

// exchange sends a request to the last byte as the case has it and compares the answer.
func exchange(addr, settings string, in *collector.Input, want *protocol.Response) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write(wire(settings, in)); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: in.Request.Method})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	expected := http.Header{}
	for _, h := range want.Headers {
		expected.Add(h.Name, h.Value)
	}
	for _, own := range []string{"Date", "Content-Length"} { // what the server adds
		if expected.Get(own) == "" {
			resp.Header.Del(own)
		}
	}
	wantBody := want.Body
	if in.Request.Method == http.MethodHead {
		wantBody = nil
	}
	got, expect := fmt.Sprintf("%d %q", resp.StatusCode, resp.Header), fmt.Sprintf("%d %q", want.Status, expected)
	if got != expect || !bytes.Equal(body, wantBody) {
		return fmt.Errorf("it is %s %q, want %s %q", got, body, expect, wantBody)
	}
	return nil
}

// wire is the request as it goes over the socket.
func wire(settings string, in *collector.Input) []byte {
	q := &in.Request
	target, body := q.Path, q.Body
	if q.Query != "" {
		target += "?" + q.Query
	}
	if q.BodyTooLarge {
		body = append(body[:len(body):len(body)], "more"...)
	}
	platform := *in
	platform.Request.Headers = nil
	b := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n%s: %s\r\n%s: %s\r\n", q.Method, target, q.Host,
		"Weir-Golden-Settings", settings, "Weir-Golden-Input", base64.StdEncoding.EncodeToString(abi.AppendInput(nil, &platform)))
	for _, h := range q.Headers {
		b = append(b, h.Name+": "+h.Value+"\r\n"...)
	}
	if len(body) > 0 || q.Method == http.MethodPost {
		b = append(b, "Content-Length: "+strconv.Itoa(len(body))+"\r\n"...)
	}
	return append(append(b, "\r\n"...), body...)
}
