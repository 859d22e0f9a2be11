package ecma_test

import (
	"encoding/json"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
	"weir/schemas/compile/ecma"
	"weir/schemas/validate/pattern"
)

// igluPatterns collects the patterns of every schema of Iglu Central.
func igluPatterns(t testing.TB) []string {
	igluCentral := need.Data(t, "iglu-central")
	seen := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, sub := range v {
				if s, ok := sub.(string); ok && k == "pattern" {
					seen[s] = true
				}
				if m, ok := sub.(map[string]any); ok && k == "patternProperties" {
					for p := range m {
						seen[p] = true
					}
				}
				walk(sub)
			}
		case []any:
			for _, sub := range v {
				walk(sub)
			}
		}
	}
	err := filepath.WalkDir(igluCentral, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var v any
		if json.Unmarshal(b, &v) == nil { // Avro and Thrift schemas lie there, too
			walk(v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var patterns []string
	for p := range seen {
		patterns = append(patterns, p)
	}
	slices.Sort(patterns)
	if len(patterns) < 20 {
		t.Fatalf("%d patterns in Iglu Central; the collection is broken", len(patterns))
	}
	return patterns
}

// TestIgluPatterns holds every pattern of Iglu Central against Go's regexp, which
// agrees with ECMA-262 on all they use, except for what "." leaves out.
func TestIgluPatterns(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	matches, total, size := 0, 0, 0
	for _, p := range igluPatterns(t) {
		table := compile(t, p)
		size += len(table)
		re := regexp.MustCompile(p)
		tree, err := syntax.Parse(p, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		here := 0
		for range 20_000 {
			s := mutate(rnd, generate(rnd, tree))
			want := re.MatchString(s)
			if got := pattern.Match(table, []byte(s)); got != want {
				t.Fatalf("%q (%v) on %q: %v, regexp says %v", p, pattern.Kind(table[0]), s, got, want)
			}
			if want {
				here++
			}
			total++
		}
		if here < 100 || here == 20_000 && p != ".*" {
			t.Errorf("%q matched %d of 20,000 strings; the generator does not test it", p, here)
		}
		matches += here
	}
	if n := len(igluPatterns(t)); size > 300*n {
		t.Errorf("the tables of %d patterns take %d bytes, more than 300 each", n, size)
	}
	t.Logf("%d strings, %d matched, tables of %d bytes in all", total, matches, size)
}

// generate returns a string that re matches, but for its assertions.
func generate(rnd *rand.Rand, re *syntax.Regexp) string {
	var b strings.Builder
	times := func(lo, hi int) {
		for range lo + rnd.IntN(hi-lo+1) {
			b.WriteString(generate(rnd, re.Sub[0]))
		}
	}
	switch re.Op {
	case syntax.OpLiteral:
		b.WriteString(string(re.Rune))
	case syntax.OpCharClass:
		i := 2 * rnd.IntN(len(re.Rune)/2)
		b.WriteRune(re.Rune[i] + rnd.Int32N(re.Rune[i+1]-re.Rune[i]+1))
	case syntax.OpAnyCharNotNL:
		b.WriteByte("abc/-."[rnd.IntN(6)])
	case syntax.OpStar:
		times(0, 3)
	case syntax.OpPlus:
		times(1, 4)
	case syntax.OpQuest:
		times(0, 1)
	case syntax.OpRepeat:
		times(re.Min, max(re.Min, re.Max))
	case syntax.OpCapture:
		times(1, 1)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			b.WriteString(generate(rnd, sub))
		}
	case syntax.OpAlternate:
		b.WriteString(generate(rnd, re.Sub[rnd.IntN(len(re.Sub))]))
	}
	return b.String()
}

func mutate(rnd *rand.Rand, s string) string {
	b := []byte(s)
	for range rnd.IntN(3) {
		at := rnd.IntN(len(b) + 1)
		switch rnd.IntN(4) {
		case 0:
			b = slices.Insert(b, at, "aZ09-_./+=$*x, \n"[rnd.IntN(16)])
		case 1:
			if at < len(b) {
				b = slices.Delete(b, at, at+1)
			}
		case 2:
			b = slices.Insert(b, at, []byte("é")...)
		case 3:
			if at < len(b) {
				b = slices.Insert(b, at, b[at])
			}
		}
	}
	return strings.ToValidUTF8(string(b), "")
}

// TestV8 holds random patterns against a real ECMA-262 engine, with the u flag.
func TestV8(t *testing.T) {
	node := need.Tool(t, "node")
	type question struct {
		Pattern string   `json:"p"`
		Strings []string `json:"s"`
		table   []byte
	}
	rnd := rand.New(rand.NewPCG(3, 4))
	var questions []question
	tooLarge := 0
	for len(questions) < 1500 {
		q := question{Pattern: randomPattern(rnd, 3)}
		table, err := ecma.Compile(q.Pattern)
		if err != nil {
			if !strings.Contains(err.Error(), "2,048 states") {
				t.Fatal(err)
			}
			if tooLarge++; tooLarge > 30 {
				t.Fatalf("one random pattern in a hundred is too large, such as %v", err)
			}
			continue
		}
		if !pattern.Valid(table) {
			t.Fatalf("Compile(%q) wrote a table that is not valid", q.Pattern)
		}
		q.table = table
		for range 60 {
			q.Strings = append(q.Strings, randomString(rnd))
		}
		questions = append(questions, q)
	}
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `
		const questions = JSON.parse(require("fs").readFileSync(0));
		console.log(JSON.stringify(questions.map(q => {
			const re = new RegExp(q.p, "u");
			return q.s.map(s => re.test(s) ? "1" : "0").join("");
		})));`)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var answers []string
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	kinds := map[pattern.Kind]int{}
	yes, no := 0, 0
	for i, q := range questions {
		kinds[pattern.Kind(q.table[0])]++
		for j, s := range q.Strings {
			// V8 looks for \B between the halves of a surrogate pair as well.
			// ECMA-262 section 22.2.7.2 advances by code points.
			if strings.Contains(q.Pattern, `\B`) && strings.Contains(s, "🐲") {
				continue
			}
			want := answers[i][j] == '1'
			if want {
				yes++
			} else {
				no++
			}
			if got := pattern.Match(q.table, []byte(s)); got != want {
				t.Errorf("%q (%v) on %q: %v, V8 says %v", q.Pattern, pattern.Kind(q.table[0]), s, got, want)
			}
		}
	}
	if yes < 5_000 || no < 5_000 || len(kinds) < 7 {
		t.Errorf("%d yes, %d no, kinds %v: the generator is lopsided", yes, no, kinds)
	}
	t.Logf("%d yes, %d no, kinds %v, %d patterns too large", yes, no, kinds, tooLarge)
}

func pick(rnd *rand.Rand, of ...string) string { return of[rnd.IntN(len(of))] }

func randomPattern(rnd *rand.Rand, depth int) string {
	var b strings.Builder
	if rnd.IntN(2) == 0 {
		b.WriteByte('^')
	}
	for range 1 + rnd.IntN(4) {
		atom := pick(rnd, "a", "b", "c", "é", "🐲", ".", "[ab]", "[^a]", "[a-c]", "[é🐲]", "[^é\\s]", `\d`, `\w`, `\W`, `\s`, `\S`, `[^]`, `\u2028`,
			`\p{Lu}`, `[\w\-.]`, `\p{Script=Greek}`)
		if depth > 0 && rnd.IntN(4) == 0 {
			alts := make([]string, 1+rnd.IntN(3))
			for i := range alts {
				alts[i] = randomPattern(rnd, depth-1)
			}
			atom = pick(rnd, "(", "(?:") + strings.Join(alts, "|") + ")"
		}
		b.WriteString(atom)
		b.WriteString(pick(rnd, "", "", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "{0}", "+?"))
		if rnd.IntN(6) == 0 {
			b.WriteString(pick(rnd, `\b`, `\B`, `\B`, "$"))
		}
	}
	if rnd.IntN(2) == 0 {
		b.WriteByte('$')
	}
	return b.String()
}

func randomString(rnd *rand.Rand) string {
	var b strings.Builder
	for range rnd.IntN(8) {
		b.WriteString(pick(rnd, "a", "a", "b", "b", "c", "1", "_", "-", " ", "é", "🐲", "Ω", "É", "\n", "\r", "\u2028", "\u2029", "\u00a0", "\ufeff", "\u0085", "漢"))
	}
	return b.String()
}
