package privacy

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"weir/edge/envelope"
)

func TestScrub(t *testing.T) {
	const nothing = "\x00" // of the text is kept
	for in, want := range map[string]string{
		"":                                   "",
		"nothing 12:34:56 v1.2 3.14 a.b.c.d": "",
		"203.0.113.77":                       "203.0.113.0",
		"from 203.0.113.77, 198.51.100.23.":  "from 203.0.113.0, 198.51.100.0.",
		`{"ip":"203.0.113.77","x":1}`:        `{"ip":"203.0.113.0","x":1}`,
		"ip=203.0.113.77&e=pv":               "ip=203.0.113.0&e=pv",
		"203.0.113.77:8080":                  "203.0.113.0:8080",
		"ip:203.0.113.77":                    "ip:203.0.113.0",
		"203.0.113.77-203.0.113.78":          "203.0.113.0-203.0.113.0",
		"203.000.113.077":                    "203.0.113.0",
		"203.0.113.0 2001:0db8::":            "",
		"x203.0.113.77y":                     "x203.0.113.0y",
		"[2001:db8:85a3:8d3::1]:443":         "[2001:db8:85a3::]:443",
		"2001:db8::7%eth0 2001:db8::7/64":    "2001:db8::%eth0 2001:db8::/64",
		"::ffff:203.0.113.77":                "203.0.113.0",
		"2001:db8::7..":                      "2001:db8::..",
		"ip:2001:db8::7: ip:::7":             "ip:2001:db8:: ip::",
		"std::string a::":                    "",
		// what browsers and operating systems call themselves
		"Chrome/142.0.0.0 Safari/605.1.15 Edg/142.0.3595.53 10.0.26100.2314": "",

		// escapes are what they mean
		"ip=2001%3Adb8%3A85a3%3A8d3%3A%3a1&x=": "ip=2001:db8:85a3::&x=",
		"%22192.0.2.81%22":                     "%22192.0.2.0%22",
		"a%20192.0.2.81":                       "a%20192.0.2.0",
		"for=192.0.2.81%2C%20192.0.2.82":       "for=192.0.2.0%2C%20192.0.2.0",
		"%222001%3Adb8%3A%3A7%22":              "%222001:db8::%22",
		"ip=%5B2001%3Adb8%3A%3A7%5D":           "ip=%5B2001:db8::%5D",
		`\u0022192.0.2.81`:                     `\u0022192.0.2.0`,
		`\f2001:db8::7`:                        `\f2001:db8::`,
		`\\\"192.0.2.81\\\"`:                   `\\\"192.0.2.0\\\"`,
		`192\u002e0\u002E2%2e81`:               "192.0.2.0",
		"co=%7B%22ip%22%3A%22192.0.2.81%22%7D": "co=%7B%22ip%22%3A%22192.0.2.0%22%7D",
		// or they are none, and begin the address
		"5%20.0.113.77":     "5%200.0.0.0",
		"%10.0.2.81":        "%100.0.0.0",
		`\u0041.0.2.81`:     `\u00410.0.0.0`,
		`\u2001:db8:1:2::7`: `\u2001::`,

		// an address must be in there, but where
		"203.0.113.77203.0.113.78":  "0.0.0.0",
		"192.0.2.7.5 0.2.192.0.2.7": "0.0.0.0 0.0.0.0",
		"192.0.2.7001":              "0.0.0.0",
		"256.1.1.1":                 "0.0.0.0",
		"192.0.256.7":               "",
		"1.2..3.4":                  "",
		"2001:db8:0:0:0:0:0:7:443":  "::",
		"face2001:db8::7":           "::",
		"a:2001:db8:1:2:3:4:5:7":    "::",
		"9:1:2:3:4:5:6:192.0.2.7":   "::",
		"1::2::3":                   "::",

		// beneath more layers
		"%2522192.0.2.81%2522":                       "%250.0.0.0%2522",
		"2001%253Adb8%253A%253A7":                    nothing,
		"192%252E0%252E2%252E81":                     nothing,
		`192%5Cu002e0%5Cu002e2%5Cu002e81`:            nothing,
		"%2525252525":                                nothing,
		"100%25%20sure %7B%5C%22a%5C%22%7D":          "",
		"ue_px=eyJpcCI6IjE5Mi4wLjIuODEifQ&e=pv":      nothing, // {"ip":"192.0.2.81"}
		"ue_px=eyJpcCI6IjE5Mi4wLjIuMCJ9&e=pv":        "",      // {"ip":"192.0.2.0"}
		"x/eyJpcCI6IjIwMDE6ZGI4OjoxMjM0In0":          nothing, // {"ip":"2001:db8::1234"}
		`eyJ4Ijoi\/z8\/PyIsImlwIjoiMTkyLjAuMi44MSJ9`: nothing,
	} {
		var arena envelope.Arena
		got, action := new(finder).scrub(&arena, in, 24, 48)
		wantAction := ""
		switch want {
		case "":
			want = in
		case nothing:
			want, wantAction = "", "drop"
		default:
			wantAction = "truncate"
		}
		if got != want || action != wantAction {
			t.Errorf("scrub(%q) = %q, %q, want %q, %q", in, got, action, want, wantAction)
		}
	}
}

// Linear work: the time itself is for no test to say, but quadratic work on
// these would outlast any patience.
func TestScrubLongRuns(t *testing.T) {
	for _, unit := range []string{"a", "1", ".", ":", "1.", "1.2.3.4:", "1.2.3.4.", "1.2.3.4g", "1.1.1.1a", "::1:", "%3A", "%25", "1:2:3:4:5:6:7:8:", "\\", "\\u002e", "%31.1.1.1"} {
		var arena envelope.Arena
		text := strings.Repeat(unit, (1<<20)/len(unit))
		got, _ := new(finder).scrub(&arena, text, 0, 0)
		if strings.Contains(got, "1.2.3.4") || strings.Contains(got, "1.1.1.1") {
			t.Errorf("%s repeated: an address is left", unit)
		}
	}
}

func TestScrubAllocatesNothing(t *testing.T) {
	var arena envelope.Arena
	var f finder
	text := `{\"ip\":\"203.0.113.77\",%22x%22,eyJpcCI6IjE5Mi4wLjIuMCJ9`
	if got := testing.AllocsPerRun(100, func() {
		arena.Reset()
		f.scrub(&arena, text, 24, 48)
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

// surround writes an address between random text, in random layers of encoding.
func surround(r *rand.Rand, address string) string {
	separators := []string{"", " ", "\"", "%", "\\", "/", ",", ";", "=", "&", "[", "]", "(", "-", "_", "\\u", "\\x", "\\b", "\\f", "%2", "~1",
		"%22", "%20", "%2C", "%5B", "%09", "%00", "%10", "%fe", "\\u0022", "\\u0041", "\\u2019", "\\n", "\\\"", "\\\\\"", "\x00", "\n", "g", "ü", "%25", "%2522", "%%", "\\\\", "..", ".", ":"}
	pick := func() string { return separators[r.IntN(len(separators))] }
	s := pick() + pick() + address + pick() + pick()
	for range r.IntN(4) {
		switch r.IntN(6) {
		case 0:
			s = url.QueryEscape(s)
		case 1: // every byte
			var b strings.Builder
			for _, c := range []byte(s) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			s = b.String()
		case 2: // any byte
			var b strings.Builder
			for _, c := range []byte(s) {
				if c == '"' || c == '\\' || r.IntN(3) == 0 && c < 0x80 {
					fmt.Fprintf(&b, "\\u%04x", c)
				} else {
					b.WriteByte(c)
				}
			}
			s = b.String()
		case 3:
			s = strings.NewReplacer("\\", "\\\\", "\"", "\\\"").Replace(s)
		case 4:
			s = strings.ReplaceAll(s, "%", "%25")
		}
	}
	return pick() + s + pick()
}

var (
	percent = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	slash   = regexp.MustCompile(`\\(?:u[0-9A-Fa-f]{4}|["\\/])`)
)

// reveals reports whether an address can be read from a text by somebody who
// takes off layers of URL and JSON encoding in any order.
func reveals(text, address string, layers int) bool {
	if strings.Contains(strings.ToLower(text), address) {
		return true
	}
	if layers == 0 {
		return false
	}
	url := percent.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[1:], 16, 8)
		return string([]byte{byte(n)})
	})
	json := slash.ReplaceAllStringFunc(text, func(s string) string {
		if len(s) == 6 {
			n, _ := strconv.ParseUint(s[2:], 16, 16)
			return string(rune(n))
		}
		return s[1:]
	})
	return url != text && reveals(url, address, layers-1) || json != text && reveals(json, address, layers-1)
}

func checkSurrounded(t *testing.T, r *rand.Rand) {
	t.Helper()
	var b [16]byte
	for i := range b {
		b[i] = byte(r.Uint32()) | 1
	}
	address := netip.AddrFrom16(b)
	switch r.IntN(4) {
	case 0, 1:
		for i := range b[:4] { // numbers of all lengths
			b[i] >>= r.IntN(7)
			b[i] |= 1
		}
		if b[0] == 75 || b[0] == 78 {
			b[0]++ // "%75" and "%78" are the letters of escapes, which is all they are taken for
		}
		address = netip.AddrFrom4([4]byte(b[:4]))
	case 2:
		address = netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 15: b[15]})
	}
	text := surround(r, address.String())
	if r.IntN(8) == 0 {
		text = "ue_px=" + base64.RawURLEncoding.EncodeToString([]byte(`{"`+text+`"}`)) + "&e=pv"
	}
	var arena envelope.Arena
	got, action := new(finder).scrub(&arena, text, 24, 48)
	left := got
	if rest, ok := strings.CutPrefix(got, "ue_px="); ok {
		rest, _, _ = strings.Cut(rest, "&")
		b, _ := base64.RawURLEncoding.DecodeString(rest)
		left = string(b)
	}
	if reveals(left, address.String(), 6) {
		t.Fatalf("%s: %q became %q (%s)", address, text, got, action)
	}
}

func TestScrubSurrounded(t *testing.T) {
	for seed := range uint64(50_000) {
		checkSurrounded(t, rand.New(rand.NewPCG(seed, 1)))
	}
}

func FuzzScrubSurrounded(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) { checkSurrounded(t, rand.New(rand.NewPCG(a, b))) })
}

func FuzzScrub(f *testing.F) {
	f.Add("x 203.0.113.77 [2001:db8::1]:443 %3A%3a1 ::1.")
	f.Fuzz(func(t *testing.T, s string) {
		var arena envelope.Arena
		got, action := new(finder).scrub(&arena, s, 24, 48)
		if (action == "") != (got == s) && action != "drop" {
			t.Fatalf("%q became %q: %q", s, got, action)
		}
		// What came out holds no address more exact than its prefix.
		if again, action := new(finder).scrub(&arena, got, 24, 48); action != "" {
			t.Fatalf("%q became %q and then %q", s, got, again)
		}
	})
}
