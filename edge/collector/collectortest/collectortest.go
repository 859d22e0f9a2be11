// Package collectortest is the golden suite that every runtime of the
// collector must pass byte for byte: requests, and the answers and batches
// that they lead to.
//
// A case is a txtar file in testdata; a new case is a new file. Its comment
// says what it shows. These sections make the request:
//
//	-- request --   METHOD PATH?QUERY, then headers, one a line
//	-- body --      the body, without the line end that txtar adds. Suffixes say
//	                what to make of it, in order: body.base64 decodes it,
//	                body.pad=N fills it with spaces up to N bytes, body.gzip
//	                compresses it, body.cut=N keeps the first N bytes
//	-- input --     what the runtime knows, as "name: value" lines: ip, host,
//	                secure, now (RFC 3339), entropy (a byte, repeated), trapped,
//	                body_too_large, bot_score, bot_verified, country, region, city, …
//	-- settings --  instead of [Settings]; such a case is left out by [Run] and
//	                run by [RunAll]
//
// These hold what must come of it. Bytes that are not text are in base64, and
// a section that would be empty is left out:
//
//	-- response --  status, headers, an empty line, body
//	-- refusal --   the same
//	-- batch --     the batch; BUNDLE stands for the hash of the bundle, which
//	                changes with every schema of the repository
package collectortest

import (
	"embed"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/edge/collector"
	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
)

// Update makes a run rewrite the golden sections instead of comparing them.
// Only the native run may set it: the other runtimes are compared with it.
var Update bool

//go:embed settings.json
var settings []byte

//go:embed testdata/*.txtar
var cases embed.FS

// Settings returns the settings that the suite's cases expect.
func Settings() []byte { return append([]byte(nil), settings...) }

// AllSettings returns the suite's [Settings] and those of every case that has
// its own: what [RunAll] opens collectors with.
func AllSettings(t testing.TB) [][]byte {
	t.Helper()
	list := [][]byte{Settings()}
	for _, c := range readAll(t) {
		if c.settings != nil {
			list = append(list, c.settings)
		}
	}
	return list
}

// Bundle compiles the repository's schemas, which the suite's cases expect.
func Bundle(t testing.TB) []byte {
	t.Helper()
	sources, err := registry.Folder(os.DirFS(filepath.Join(folder(), "../../../schemas")))
	if err != nil {
		t.Fatalf("reading the schemas of the repository: %v", err)
	}
	b, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		t.Fatalf("compiling the schemas of the repository: %v", err)
	}
	return b
}

// Collect is a collector in some runtime. The outcome is valid until the next call.
type Collect func(*collector.Input) (*collector.Outcome, error)

// Run runs the suite on a collector that has the suite's [Settings] and [Bundle].
func Run(t *testing.T, collect func(*collector.Input) (*collector.Outcome, error)) {
	run(t, func(t *testing.T, own []byte) Collect {
		if own != nil {
			return nil
		}
		return collect
	})
}

// RunAll runs the suite and the cases with settings of their own. open returns
// a collector with these settings and the suite's [Bundle].
func RunAll(t *testing.T, open func(t *testing.T, settings []byte) Collect) {
	shared := open(t, Settings())
	run(t, func(t *testing.T, own []byte) Collect {
		if own != nil {
			return open(t, own)
		}
		return shared
	})
}

func run(t *testing.T, open func(t *testing.T, own []byte) Collect) {
	b, err := bundle.Open(Bundle(t))
	if err != nil {
		t.Fatalf("opening the suite's bundle: %v", err)
	}
	ran := 0
	for _, c := range readAll(t) {
		collect := open(t, c.settings)
		if collect == nil {
			continue
		}
		ran++
		t.Run(c.title(), func(t *testing.T) {
			out, err := collect(c.input)
			if err != nil {
				t.Fatalf("collecting: %v", err)
			}
			if Update {
				c.update(t, out, b.Hash())
			} else {
				c.compare(t, out, b.Hash())
			}
		})
	}
	if ran == 0 {
		t.Fatal("the suite holds no case")
	}
}

// Inputs returns the inputs of the suite by the names of their cases: seeds for
// fuzzing, and a mixed load for benchmarks.
func Inputs(t testing.TB) map[string]*collector.Input {
	t.Helper()
	inputs := map[string]*collector.Input{}
	for _, c := range readAll(t) {
		inputs[c.title()] = c.input
	}
	return inputs
}

// folder is where this file lies in the repository.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

func section(a *txtar.Archive, name string) ([]byte, bool) {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data, true
		}
	}
	return nil, false
}
