package format_test

import (
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"time"

	"weir/edge/toolchain/need"
	"weir/schemas/validate/format"
)

// soup returns a string of random ingredients, most of them as they come in the
// seed, so that many are nearly right.
func soup(rnd *rand.Rand, seed string, ingredients ...string) string {
	var b strings.Builder
	for _, c := range seed {
		switch rnd.IntN(25) {
		case 0:
		case 1:
			b.WriteString(ingredients[rnd.IntN(len(ingredients))])
		case 2:
			b.WriteRune(c)
			b.WriteString(ingredients[rnd.IntN(len(ingredients))])
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// TestAddressesAndDates holds what the standard library judges the same way
// against it.
func TestAddressesAndDates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, tt := range []struct {
		id          format.ID
		seeds       []string
		ingredients []string
		valid       func(s string) bool
	}{
		{format.IPv4, []string{"203.0.113.195", "10.0.0.1", "255.255.255.255"}, []string{".", "0", "2", "5", "9", "a", ":"}, func(s string) bool {
			a, err := netip.ParseAddr(s)
			return err == nil && a.Is4()
		}},
		{format.IPv6, []string{"2001:db8:85a3::8a2e:370:7334", "1:2:3:4:5:6:7:8", "::ffff:192.0.2.1", "::", "1::"}, []string{":", "::", "0", "f", "12345", ".", "1.2.3.4", "g", "%a", ":1:2"}, func(s string) bool {
			a, err := netip.ParseAddr(s)
			return err == nil && a.Is6() && a.Zone() == ""
		}},
		{format.Date, []string{"2026-11-20", "2024-02-29", "1900-02-28", "2023-12-31"}, []string{"-", "0", "1", "2", "3", "9", "T"}, func(s string) bool {
			_, err := time.Parse("2006-01-02", s)
			return err == nil
		}},
		{format.DateTime, []string{"2026-11-20T23:59:59Z", "2024-02-29T00:00:00.123+05:30", "2023-06-30T12:34:56-00:00"}, []string{"-", ":", "0", "1", "2", "3", "5", "9", "T", "Z", "+", "."}, func(s string) bool {
			_, err := time.Parse(time.RFC3339, s)
			return err == nil && s[13] == ':' // Go takes hours of one digit
		}},
	} {
		yes := 0
		for range 30_000 {
			s := soup(rnd, tt.seeds[rnd.IntN(len(tt.seeds))], tt.ingredients...)
			want := tt.valid(s)
			if want {
				yes++
			}
			if got := format.Check(tt.id, []byte(s)); got != want {
				t.Errorf("%s: %q is %v, the library says %v", tt.id.Name(), s, got, want)
			}
		}
		if yes < 2000 || yes > 27_000 {
			t.Errorf("%s: %d of 30,000 strings are valid; the generator is lopsided", tt.id.Name(), yes)
		}
	}
}

// TestRegexAgainstV8: what V8 takes with the u flag is a regex, and what is a regex
// V8 takes with the u flag or, by Annex B, without; unless it has escapes that mean
// something with the flag only.
func TestRegexAgainstV8(t *testing.T) {
	node := need.Tool(t, "node")
	rnd := rand.New(rand.NewPCG(7, 8))
	seeds := []string{
		`^(a|b)*?[^\w-é]{2,3}\b$`, `(?<n>x)\k<n>(?:y)`, `\p{Lu}[\u{1F432}-\u{1F440}]`, `\uD83D\uDC32\x41\cA\0`,
		`(?=a)(?!b)(?<=c)(?<!d)`, `a{1}b{2,}c{3,4}?d*e+f?`, `(a)(b)\1\2`, `[\d\-\b\]a-z]`, `{}]`, `^iglu:[a-zA-Z0-9-_.]+/([1-9][0-9]*|\*)$`,
	}
	ingredients := []string{"(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", ".", "-", ",", "\\", "a", "Z", "1", "0", "é", "🐲", "\\d", "\\p{L}", "\\u{61}", "(?:", "(?<", ">", "=", "!", ":", "{1,2}", "\\-", "\\/"}
	var sources []string
	for range 20_000 {
		s := soup(rnd, seeds[rnd.IntN(len(seeds))], ingredients...)
		// Which properties and groups exist is not checked, nor that a named
		// group has one name only; V8 11 does not know modifiers.
		if strings.Contains(s, `\p`) && !strings.Contains(s, `\p{L}`) && !strings.Contains(s, `\p{Lu}`) || strings.Contains(s, `\P`) ||
			strings.Contains(s, `\k`) || strings.Count(s, "(?<") > 1 && strings.Contains(s, ">") || strings.Contains(s, "(?-") {
			continue
		}
		sources = append(sources, s)
	}
	in, err := json.Marshal(sources)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "-e", `
		const takes = (s, flags) => { try { new RegExp(s, flags); return true } catch { return false } };
		console.log(JSON.parse(require("fs").readFileSync(0)).map(s => takes(s, "u") ? "u" : takes(s, "") ? "b" : "n").join(""));`)
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	count := map[byte]int{}
	for i, s := range sources {
		count[out[i]]++
		got := format.Check(format.Regex, []byte(s))
		mixed := strings.Contains(s, `\u{`) || strings.Contains(s, `\p{`)
		if got && out[i] == 'n' && !mixed || !got && out[i] == 'u' {
			t.Errorf("%q is %v, V8 says %c", s, got, out[i])
		}
	}
	if count['u'] < 2000 || count['n'] < 2000 {
		t.Errorf("V8 says %v: the generator is lopsided", count)
	}
}
