package validate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"weir/edge/toolchain/need"
	"weir/schemas/compile"
)

// engine is the engine as TinyGo compiles it, in wazero.
type engine struct {
	ctx      context.Context
	runtime  wazero.Runtime
	compiled wazero.CompiledModule
	instance api.Module
	buffer   uint32
}

func newEngine(t testing.TB) *engine {
	t.Helper()
	wasm := engineModule(t)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(wasm)
	z.Close()
	t.Logf("the engine takes %d KB, %d KB gzipped", len(wasm)/1000, packed.Len()/1000)

	var err error
	e := &engine{ctx: context.Background()}
	e.runtime = wazero.NewRuntime(e.ctx)
	t.Cleanup(func() { e.runtime.Close(e.ctx) })
	wasi_snapshot_preview1.MustInstantiate(e.ctx, e.runtime)
	if e.compiled, err = e.runtime.CompileModule(e.ctx, wasm); err != nil {
		t.Fatal(err)
	}
	return e
}

// bufferSize is room for all that the tests judge, and for what is said of it.
const bufferSize = 1 << 20

// fresh replaces the instance by a new one that runs the bundle's test schema.
func (e *engine) fresh(t testing.TB, b []byte) {
	t.Helper()
	if e.instance != nil {
		e.instance.Close(e.ctx)
	}
	var err error
	e.instance, err = e.runtime.InstantiateModule(e.ctx, e.compiled, wazero.NewModuleConfig().WithStartFunctions("_initialize").WithName(""))
	if err != nil {
		t.Fatal(err)
	}
	e.buffer = e.call(t, "buffer", bufferSize)
	e.write(t, b)
	if e.call(t, "load", uint64(len(b))) != 1 {
		t.Fatal("the bundle does not open in wasm")
	}
	e.write(t, []byte(testKey))
	if e.call(t, "choose", uint64(len(testKey))) != 1 {
		t.Fatal("the bundle lacks the schema in wasm")
	}
}

func (e *engine) call(t testing.TB, name string, args ...uint64) uint32 {
	t.Helper()
	out, err := e.instance.ExportedFunction(name).Call(e.ctx, args...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return uint32(out[0])
}

func (e *engine) write(t testing.TB, b []byte) {
	t.Helper()
	if !e.instance.Memory().Write(e.buffer, b) {
		t.Fatalf("%d bytes do not fit", len(b))
	}
}

// describe judges a document and describes the violations.
func (e *engine) describe(t testing.TB, doc []byte) string {
	t.Helper()
	e.write(t, doc)
	e.call(t, "check", 0, uint64(len(doc)), 1)
	b, _ := e.instance.Memory().Read(e.buffer, e.call(t, "describe"))
	return string(b)
}

// TestStringsInWasm holds the vector instructions that strings are read with to
// the plain Go beside them: every byte at the first place, and those around the
// limits at every place of three vectors, in strings that are plain up to there
// and in strings with an escape sequence before, and with more or less of the
// document behind.
func TestStringsInWasm(t *testing.T) {
	e := newEngine(t)
	b, prog, err := bundleOf([]byte(`{"type":["string","array"]}`), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.fresh(t, b)
	const limits = "\x00\x1f !\"#[\\]~\x7f\u0080\u00c3\u00ff"
	valid := 0
	for _, escape := range []string{"", `\n`} {
		for length := 1; length < 49; length++ {
			for at := range length {
				for c := range 256 {
					if at > 0 && !strings.ContainsRune(limits, rune(c)) {
						continue
					}
					text := bytes.Repeat([]byte("a"), length)
					text[at] = byte(c)
					doc := fmt.Appendf(nil, `["%s%s"%s]`, escape, text, strings.Repeat(" ", length%20))
					want := describe(prog.Validate(nil, doc))
					if got := e.describe(t, doc); got != want {
						t.Fatalf("%q: %s in wasm, %s in Go", doc, got, want)
					}
					if want == "valid" {
						valid++
					}
				}
			}
		}
	}
	if valid == 0 {
		t.Error("no string was valid")
	}
}

// TestURIInWasm holds the vector instructions of a format to the plain Go beside
// them: every character at every place of three vectors.
func TestURIInWasm(t *testing.T) {
	e := newEngine(t)
	b, prog, err := bundleOf([]byte(`{"format":"uri"}`), compile.Options{Formats: compile.FormatAssert})
	if err != nil {
		t.Fatal(err)
	}
	e.fresh(t, b)
	valid := 0
	for length := 45; length < 48; length++ {
		for at := range length {
			for c := rune(' '); c < 0x82; c++ {
				text := []rune("s:/" + strings.Repeat("a", length))
				text[3+at] = c
				doc, err := json.Marshal(string(text))
				if err != nil {
					t.Fatal(err)
				}
				want := describe(prog.Validate(nil, doc))
				if got := e.describe(t, doc); got != want {
					t.Fatalf("%s: %s in wasm, %s in Go", doc, got, want)
				}
				if want == "valid" {
					valid++
				}
			}
		}
	}
	if valid == 0 {
		t.Error("no URI was valid")
	}
}

// TestWasm runs the JSON Schema Test Suite and the payloads natively and in
// WebAssembly: the violations must be the same to the letter, and memory must
// not grow.
func TestWasm(t *testing.T) {
	suite := need.Data(t, "JSON-Schema-Test-Suite")
	e := newEngine(t)
	cases := 0
	for _, d := range suiteDrafts {
		files, err := filepath.Glob(filepath.Join(suite, "tests", d.folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var groups []suiteGroup
			if err := json.Unmarshal(b, &groups); err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				b, p, err := bundleOf(g.Schema, compile.Options{Draft: d.draft, Formats: compile.FormatAssert, Load: loadRemote(suite)})
				if err != nil {
					t.Fatal(err)
				}
				e.fresh(t, b)
				for _, c := range g.Tests {
					want := describe(p.Validate(nil, c.Data))
					if got := e.describe(t, c.Data); got != want {
						t.Errorf("%s: %s: %s: wasm says %s, native %s", filepath.Base(file), g.Description, c.Description, got, want)
					}
					cases++
				}
			}
		}
	}
	if cases < 4942 {
		t.Errorf("only %d cases", cases)
	}
	for _, p := range payloads(t) {
		b, prog, err := bundleOf(p.schema, compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e.fresh(t, b)
		for _, doc := range p.docs {
			if got, want := e.describe(t, doc), describe(prog.Validate(nil, doc)); got != want {
				t.Fatalf("%s: wasm says %s, native %s", p.name, got, want)
			}
		}
		size := e.instance.Memory().Size()
		for _, doc := range p.docs {
			e.write(t, doc)
			e.call(t, "check", 0, uint64(len(doc)), 25_000/variants)
			for range 5_000 / variants {
				e.call(t, "describe")
			}
		}
		if grown := e.instance.Memory().Size(); grown != size {
			t.Errorf("%s: memory grew from %d to %d bytes", p.name, size, grown)
		}
	}
	for i, schema := range fuzzSchemas {
		b, _, err := bundleOf([]byte(schema), compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e.fresh(t, b)
		judge := func(times uint64) {
			for _, doc := range fuzzDocs {
				e.write(t, []byte(doc))
				e.call(t, "check", 0, uint64(len(doc)), times)
			}
		}
		judge(1)
		size := e.instance.Memory().Size()
		judge(2_000)
		if grown := e.instance.Memory().Size(); grown != size {
			t.Errorf("schema %d: memory grew from %d to %d bytes", i, size, grown)
		}
	}
	// The deepest evaluation that is let through must fit the module's stack.
	deep := strings.Repeat(`{"oneOf":[`, 12) + `{"items":{"$ref":"#"}}` + strings.Repeat(`]}`, 12)
	b, prog, err := bundleOf([]byte(deep), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	e.fresh(t, b)
	doc := []byte(strings.Repeat("[", 40) + strings.Repeat("]", 40))
	if got, want := e.describe(t, doc), describe(prog.Validate(nil, doc)); got != want || !strings.Contains(want, " depth ") {
		t.Errorf("40 levels of 12 branches: wasm says %s, native %s", got, want)
	}
	need.Ran(t, "engine", "wazero")
	need.Ran(t, "engine", "native")
}
