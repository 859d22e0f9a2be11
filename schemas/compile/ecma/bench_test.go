package ecma_test

import (
	"strings"
	"testing"

	"weir/schemas/compile/ecma"
	"weir/schemas/validate/pattern"
)

// Each benchmark matches 64 variants in turn, so that a branch predictor does not
// learn one string by heart.
func BenchmarkMatch(b *testing.B) {
	uris := func(i int) string {
		return "iglu:com.snowplowanalytics.snowplow" + strings.Repeat("x", i%5) + "/link_click_" + strings.Repeat("y", i%7) + "/jsonschema/1-0-" + strings.Repeat("1", 1+i%3)
	}
	for _, bm := range []struct {
		name, pattern string
		text          func(i int) string
	}{
		{"IgluURI", igluURI, uris},
		{"IgluCriterion", `^iglu:([a-zA-Z0-9-_.]+)/([a-zA-Z0-9-_]+)/([a-zA-Z0-9-_]+)/([1-9][0-9]*|\*)-((?:0|[1-9][0-9]*)|\*)-((?:0|[1-9][0-9]*)|\*)$`, uris},
		{"IgluURIByDFA", `(?:^|^)iglu:[a-zA-Z0-9-_.]+/[a-zA-Z0-9-_]+/[a-zA-Z0-9-_]+/[0-9]+-[0-9]+-[0-9]+$`, uris},
		{"Version", `\d+\.\d+\.\d+-?.*`, func(i int) string { return "version " + strings.Repeat("1", 1+i%4) + ".20.3-rc1" }},
		{"Length", `^.{1,255}$`, func(i int) string { return strings.Repeat("Straße ", 10+i%5) }},
		{"Base64", `^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$`, func(i int) string { return strings.Repeat("aGVsbG8g", 10+i%5) + "aA==" }},
		{"ReDoS64KB", `^(a+)+$`, func(i int) string { return strings.Repeat("a", 64<<10-1) + "b" }},
		{"ReDoS64KBByDFA", `(?:^|^)(a+)+$`, func(i int) string { return strings.Repeat("a", 64<<10-1) + "b" }},
		{"Alternating64KBByDFA", `(?:^|^)(a|ab)(c|bcd|a|b)*$`, func(i int) string { return strings.Repeat("ab", 32<<10) }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			table := compile(b, bm.pattern)
			var texts [64][]byte
			n := 0
			for i := range texts {
				texts[i] = []byte(bm.text(i))
				n += len(texts[i])
			}
			b.SetBytes(int64(n / len(texts)))
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				pattern.Match(table, texts[i%64])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n/len(texts)), "ns/B")
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := ecma.Compile(igluURI); err != nil {
			b.Fatal(err)
		}
	}
}
