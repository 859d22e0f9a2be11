package validate_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/validate"
)

const (
	goalRounds = 31
	goalSlice  = 6 * time.Millisecond
)

// goals gathers the times of contenders over rounds, and judges their ratios.
type goals struct {
	times map[string][]float64
	out   strings.Builder
	met   int
	all   int
}

// BenchmarkGoals holds the engine to what it promises: beside santhosh-tekuri
// and encoding/json in Go, Ajv and JSON.parse on V8, in Node and in workerd, and
// Blaze's own binary, in turns, in one run. A ratio is the median of the rounds'
// ratios; beside it stands that of the best rounds, which a busy machine shifts less.
func BenchmarkGoals(b *testing.B) {
	for range b.N {
		g := &goals{times: map[string][]float64{}}
		g.run(b)
		fmt.Print(g.out.String()) // b.Log would cut it short
	}
}

func (g *goals) run(b *testing.B) {
	dir := b.TempDir()
	wasm := engineModule(b)
	list := writePayloads(b, dir, wasm)
	node, workerd := startPeers(b, dir)
	blaze := newBlaze(b, dir, list)

	var gos [][]contender // by contender and payload
	for i, p := range list {
		for j, c := range contenders(b, p) {
			if i == 0 {
				gos = append(gos, nil)
			}
			gos[j] = append(gos[j], c)
		}
	}
	for round := range goalRounds {
		for _, contender := range gos {
			runtime.GC() // what the one before left behind is not collected on this one's time
			for i, p := range list {
				g.add(p.name+" go "+contender[i].name, timed(contender[i].run, p.docs, goalSlice))
			}
		}
		for _, v8 := range []*peer{node, workerd} {
			for _, side := range []string{"engine", "ajv", "parse"} {
				for _, p := range list {
					g.add(p.name+" "+v8.name+" "+side, v8.timed(b, p.name, side, round == 0))
				}
			}
		}
		for _, p := range list {
			if ns, ok := blaze.timed(b, p.name); ok {
				g.add(p.name+" blaze", ns)
			}
		}
	}

	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(&g.out, "\nmedians of %d rounds in turns, %d variants of each document; load average %s\n", goalRounds, variants, strings.TrimSpace(string(load)))
	for _, p := range list {
		fmt.Fprintf(&g.out, "\n%s, %d bytes\n", p.name, len(p.docs[0]))
		for _, c := range contenders(b, p) {
			g.row(p.name+" go "+c.name, p.name+" go weir", "Go: "+c.name)
		}
		for _, v8 := range []*peer{node, workerd} {
			base := p.name + " " + v8.name + " engine"
			g.row(base, base, v8.name+": weir")
			g.row(p.name+" "+v8.name+" ajv", base, v8.name+": TextDecoder, JSON.parse, Ajv standalone, all errors")
			g.row(p.name+" "+v8.name+" parse", base, v8.name+": TextDecoder, JSON.parse, no validation")
		}
		if _, ok := g.times[p.name+" blaze"]; ok {
			g.row(p.name+" blaze", p.name+" go weir", "Blaze, exhaustive validation of a parsed document")
		}
	}

	g.out.WriteString("\ngoals\n")
	for _, p := range []string{"A", "B"} {
		g.faster(p+": times as fast as santhosh-tekuri v6", p+" go santhosh-tekuri v6, decode and validate", p+" go weir", 20)
		g.faster(p+": times as fast as encoding/json Unmarshal", p+" go encoding/json Unmarshal, no validation", p+" go weir", 6)
		ajv, parse := 4.0, 0.5
		if p == "B" {
			ajv, parse = 2.2, 0.65
		}
		for _, v8 := range []string{"Node", "workerd"} {
			g.faster(p+", "+v8+": times as fast as Ajv", p+" "+v8+" ajv", p+" "+v8+" engine", ajv)
			g.within(p+", "+v8+": of TextDecoder and JSON.parse", p+" "+v8+" engine", p+" "+v8+" parse", parse)
		}
		if _, ok := g.times[p+" blaze"]; ok {
			g.within(p+": of Blaze's validation alone", p+" go weir", p+" blaze", 1)
		}
	}
	g.within("an event with five faults, of a valid one, Go", "Abad go weir", "A go weir", 1.2)
	g.within("an event with five faults, of a valid one, Node", "Abad Node engine", "A Node engine", 1.2)
	g.adversarial(b, node)
	g.weights(b, wasm, node)
	fmt.Fprintf(&g.out, "%d of %d goals met\n", g.met, g.all)
}

// adversarial measures what is made to be slow.
func (g *goals) adversarial(b *testing.B, node *peer) {
	prog, err := program([]byte(nestedQuantifiers), compile.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var r validate.Run
	doc := nestedQuantifiersDoc()
	var ns []float64
	for range goalRounds {
		ns = append(ns, timed(func(doc []byte) { prog.Run(&r, doc) }, [][]byte{doc}, goalSlice))
	}
	g.atMost("^(a+)+$ on 64 KB, Go", median(ns)/1e6, 0.2, " ms", "")
	g.atMost("^(a+)+$ on 64 KB, Node", g.median(b, node, "nested", "engine")/1e6, 0.2, " ms", "")
}

const nestedQuantifiers = `{"pattern":"^(a+)+$"}`

func nestedQuantifiersDoc() []byte { return []byte(`"` + strings.Repeat("a", 64<<10) + `!"`) }

// weights measures sizes, starts and memory.
func (g *goals) weights(b *testing.B, wasm []byte, node *peer) {
	var packed bytes.Buffer
	z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	z.Write(wasm)
	z.Close()
	g.atMost("the engine without bundle", float64(len(wasm))/1000, 64, " KB", "")
	g.atMost("the same, gzipped", float64(packed.Len())/1000, 26, " KB", "")

	sources, central := igluCentral(b)
	g.atMost("Iglu Central, a schema", float64(len(central))/float64(len(sources)), 600, " bytes", "")
	// What a bundle of 400 KB would take.
	scale := 400e3 / float64(len(central)) / 1e6
	open := func([]byte) {
		if _, err := bundle.Open(central); err != nil {
			b.Fatal(err)
		}
	}
	var opens []float64
	for range goalRounds {
		opens = append(opens, timed(open, [][]byte{nil}, goalSlice))
	}
	g.atMost("load and verify 400 KB, Go", median(opens)*scale, 1, " ms", "")
	g.atMost("load and verify 400 KB, Node", g.median(b, node, "central", "open")*scale, 1, " ms", "")
	var starts []float64
	for range goalRounds {
		text, _ := node.fetch(b, "/A/instance/100")
		ns, err := strconv.ParseFloat(text, 64)
		if err != nil {
			b.Fatal(err)
		}
		starts = append(starts, ns)
	}
	g.atMost("a fresh instance, Node", median(starts)/1000, 50, " µs", fmt.Sprintf(", best round %.0f µs", slices.Min(starts)/1000))

	// A million events, invalid ones among them.
	grown := 0
	for _, p := range []string{"A", "Abad", "B", "Bplain"} {
		text, _ := node.fetch(b, fmt.Sprintf("/%s/grown/%d", p, 250_000))
		pages, err := strconv.Atoi(text)
		if err != nil {
			b.Fatal(err)
		}
		grown += pages
	}
	g.atMost("memory grown over 1,000,000 events, Node", float64(grown), 0, " pages", "")
}

// median is that of rounds of one side alone.
func (g *goals) median(b *testing.B, p *peer, payload, side string) float64 {
	var ns []float64
	for round := range goalRounds {
		ns = append(ns, p.timed(b, payload, side, round == 0))
	}
	return median(ns)
}

func median(ns []float64) float64 {
	ns = slices.Sorted(slices.Values(ns))
	return ns[len(ns)/2]
}

func (g *goals) add(name string, ns float64) { g.times[name] = append(g.times[name], ns) }

// faster asks that a takes at least so many times as long as b.
func (g *goals) faster(what, a, b string, want float64) {
	best := slices.Min(g.times[a]) / slices.Min(g.times[b])
	g.atLeast(what, g.ratio(a, b), want, fmt.Sprintf(", best rounds %.2fx", best))
}

// within asks that a takes at most so much of b's time.
func (g *goals) within(what, a, b string, want float64) {
	best := slices.Min(g.times[a]) / slices.Min(g.times[b])
	g.atMost(what, g.ratio(a, b), want, "x", fmt.Sprintf(", best rounds %.2fx", best))
}

// ratio is the median over the rounds of a's time over b's.
func (g *goals) ratio(a, b string) float64 {
	x, y := g.times[a], g.times[b]
	ratios := make([]float64, len(x))
	for i := range x {
		ratios[i] = x[i] / y[i]
	}
	return median(ratios)
}

func (g *goals) row(name, base, label string) {
	best := slices.Min(g.times[name])
	fmt.Fprintf(&g.out, "  %-58s %8.0f ns %5.2fx   best %8.0f ns %5.2fx\n", label, median(g.times[name]), g.ratio(name, base), best, best/slices.Min(g.times[base]))
}

func (g *goals) atLeast(what string, got, want float64, note string) {
	g.goal(got >= want, fmt.Sprintf("%-52s %8.2fx     at least %gx%s", what, got, want, note))
}

func (g *goals) atMost(what string, got, want float64, unit, note string) {
	g.goal(got <= want, fmt.Sprintf("%-52s %8.2f%-6s at most %g%s%s", what, got, unit, want, unit, note))
}

func (g *goals) goal(met bool, line string) {
	g.all++
	mark := "MISSED"
	if met {
		g.met++
		mark = "met"
	}
	fmt.Fprintf(&g.out, "  %-6s  %s\n", mark, line)
}

// writePayloads writes what the peers read, and returns the payloads.
func writePayloads(b *testing.B, dir string, wasm []byte) []payload {
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	list := payloads(b)
	for _, p := range append(slices.Clone(list), payload{name: "nested", schema: []byte(nestedQuantifiers), docs: [][]byte{nestedQuantifiersDoc()}}) {
		compiled, _, err := bundleOf(p.schema, compile.Options{})
		if err != nil {
			b.Fatal(err)
		}
		write(p.name+".bundle", compiled)
		write(p.name+".docs", append(bytes.Join(p.docs, []byte("\n")), '\n'))
		write(p.name+".schema.json", draft4(b, p.schema))
	}
	_, central := igluCentral(b)
	write("central.bundle", central)
	write("engine.wasm", wasm)
	return list
}

// draft4 drops Iglu's $schema, which others do not know, and says draft 4 instead.
func draft4(b *testing.B, schema []byte) []byte {
	var v map[string]any
	if err := json.Unmarshal(schema, &v); err != nil {
		b.Fatal(err)
	}
	dropSelfDescribing(v)
	v["$schema"] = "http://json-schema.org/draft-04/schema#"
	out, err := json.Marshal(v)
	if err != nil {
		b.Fatal(err)
	}
	return out
}
