// Package abitest holds what every runtime of the edge module must do when the
// module traps.
package abitest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol"
	"weir/edge/toolchain/need"
)

// Trapping compiles a module whose one adapter traps when a request tells it
// to; see testdata/trapping.
func Trapping(t testing.TB) []byte {
	t.Helper()
	need.Tool(t, "edge.wasm") // where that could be compiled, so can this
	path := filepath.Join(t.TempDir(), "trapping.wasm")
	build := exec.Command("go", "run", "weir/edge/toolchain", "-package", "./edge/abi/abitest/testdata/trapping", "-o", path)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("compiling the module that traps: %v\n%s", err, out)
	}
	module, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// Collect is the [Trapping] module in some runtime. The outcome is valid until
// the next call.
type Collect func(*collector.Input) (*collector.Outcome, error)

// Run checks that a runtime with one instance replaces it after a trap, and
// that the request still gets its answer.
func Run(t *testing.T, collect Collect) {
	for _, c := range []struct {
		name, body string
		kept       bool // as a failed event
	}{
		{"no trap", "nothing", false},
		{"a fresh instance does not trap", "trap unless fresh", false},
		{"every instance traps", "trap", true},
		{"memory beyond the limit", "grow beyond", true},
		{"much memory", "grow", false},
		{"no trap afterwards", "nothing", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := collect(Request(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if out.Response.Status != 200 || string(out.Response.Body) != "ok" {
				t.Errorf("answer = %d %q, want 200 ok", out.Response.Status, out.Response.Body)
			}
			if !c.kept {
				if len(out.Batch) != 0 {
					t.Errorf("batch = %s, want none", out.Batch)
				}
				return
			}
			for _, want := range []string{`"events":1`, `"failed":1`, `"verdict":"failed"`, `"payload":"` + c.body + `"`} {
				if !strings.Contains(string(out.Batch), want) {
					t.Errorf("batch %s lacks %s", out.Batch, want)
				}
			}
		})
	}
}

// Request is one that tells the adapter what to do: "trap", "trap unless
// fresh", "grow" by 40 MiB, "grow beyond" any limit, or anything else for nothing.
func Request(order string) *collector.Input {
	return &collector.Input{
		Request:   protocol.Request{Method: "POST", Path: "/trapping/v1", Body: []byte(order)},
		NowMillis: 1763679804123,
	}
}
