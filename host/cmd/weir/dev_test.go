package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/edge/toolchain/need"
)

// payload is a good and a bad event of the shop and a structured one, as a tracker posts them.
const payload = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[
{"e":"ue","p":"web","tv":"test-1","aid":"shop","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:com.example/product_view/jsonschema/1-0-0\",\"data\":{\"sku\":\"TEA-100\"}}}"},
{"e":"ue","p":"web","tv":"test-1","aid":"shop","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:com.example/product_view/jsonschema/1-0-0\",\"data\":{\"sku\":\"tea\"}}}"},
{"e":"se","p":"web","tv":"test-1","aid":"blog","se_ca":"a","se_ac":"b"}]}`

// TestDev runs the whole of weir in one process and looks at it the way a
// newcomer would.
func TestDev(t *testing.T) {
	for _, engine := range []engineName{engineWasm, engineNative} {
		t.Run(string(engine), func(t *testing.T) {
			if engine == engineWasm {
				need.Tool(t, "edge.wasm")
			}
			need.Tool(t, "default.bundle")
			t.Parallel()
			d := startDev(t, "--engine", string(engine))
			if strings.Contains(d.welcome, "WARNING") {
				t.Errorf("fell back:\n%s", d.welcome)
			}
			for _, page := range []string{d.demo, d.live} {
				if status, body := get(t, page); status != http.StatusOK || !strings.Contains(body, "<html") {
					t.Errorf("GET %s: %d", page, status)
				}
			}
			resp, err := http.Post(d.collector+"/com.snowplowanalytics.snowplow/tp2", "application/json", strings.NewReader(payload))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("the collector answered %s", resp.Status)
			}
			lines := d.tail(t, 3)
			for i, want := range []string{
				`  good        shop  product_view  iglu:com\.example/product_view/jsonschema/1-0-0$`,
				`  failed      shop  product_view  iglu:com\.example/product_view/jsonschema/1-0-0  /unstruct_event/data/sku pattern: `,
				`  good        blog  event$`,
			} {
				if !regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{3}` + want).MatchString(lines[i]) {
					t.Errorf("weir tail printed %q, want a match of %q", lines[i], want)
				}
			}
			// The store of failed events has a reader of its own.
			out := d.weir(t, "failed", "list")
			for end := time.Now().Add(30 * time.Second); out == "" && time.Now().Before(end); {
				out = d.weir(t, "failed", "list")
			}
			if want := "1  " + lines[1] + "\n"; out != want {
				t.Errorf("weir failed list printed %q, want %q", out, want)
			}
			if out := d.weir(t, "deadletter", "list"); out != "" {
				t.Errorf("weir deadletter list printed %q, want nothing", out)
			}
			d.stop(t)
		})
	}
}

// TestDevSchemas judges by a folder of schemas that is not in the program.
func TestDevSchemas(t *testing.T) {
	need.Tool(t, "default.bundle")
	d := startDev(t, "--engine", "native", "--schemas", "../../../schemas")
	d.stop(t)
	if out, err := exec.Command("weir", "dev", "--listen", "127.0.0.1:0", "--host-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--schemas", t.TempDir()).CombinedOutput(); err == nil || !strings.Contains(string(out), "no schema below") {
		t.Errorf("an empty folder of schemas: %v, %q", err, out)
	}
}

type devProcess struct {
	cmd                                  *exec.Cmd
	welcome, demo, live, collector, data string
}

func startDev(t *testing.T, args ...string) *devProcess {
	t.Helper()
	d := &devProcess{cmd: exec.Command("weir", append([]string{"dev",
		"--listen", "127.0.0.1:0", "--host-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)...)}
	d.cmd.Stderr = os.Stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.cmd.Process.Kill() })
	deadline := time.AfterFunc(time.Minute, func() { d.cmd.Process.Kill() })
	defer deadline.Stop()
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !strings.Contains(lines.Text(), "Ctrl-C") {
		d.welcome += lines.Text() + "\n"
	}
	go io.Copy(io.Discard, stdout)
	for name, field := range map[string]*string{"Demo shop": &d.demo, "Live page": &d.live, "Collector": &d.collector, "Data": &d.data} {
		m := regexp.MustCompile(`(?m)^  ` + name + ` +(\S+)`).FindStringSubmatch(d.welcome)
		if m == nil {
			t.Fatalf("weir dev does not name %s:\n%s", name, d.welcome)
		}
		*field = m[1]
	}
	return d
}

// tail runs weir tail until it has printed n lines.
func (d *devProcess) tail(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "weir", "tail", "--admin", d.live)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scanner := bufio.NewScanner(stdout); len(lines) < n && scanner.Scan(); {
		lines = append(lines, scanner.Text())
	}
	cancel()
	_ = cmd.Wait() // ended by the signal above
	if len(lines) < n {
		t.Fatalf("weir tail printed %d lines, want %d: %q", len(lines), n, lines)
	}
	return lines
}

func (d *devProcess) weir(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("weir", append(args, "--admin", d.live)...).Output()
	if err != nil {
		t.Errorf("weir %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// stop interrupts the process, which must drain, succeed and leave nothing behind.
func (d *devProcess) stop(t *testing.T) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Wait(); err != nil {
		t.Errorf("weir dev after SIGINT: %v", err)
	}
	if _, err := os.Stat(d.data); !os.IsNotExist(err) {
		t.Errorf("the temporary data folder %s is still there: %v", d.data, err)
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(fmt.Errorf("reading %s: %w", url, err))
	}
	return resp.StatusCode, string(text)
}
