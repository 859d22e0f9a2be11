package format_test

import (
	"strings"
	"testing"

	"weir/schemas/validate/format"
)

func TestNames(t *testing.T) {
	n := 0
	for id := range 256 {
		name := format.ID(id).Name()
		if name == "" {
			continue
		}
		n++
		if got, ok := format.Lookup(name); !ok || int(got) != id {
			t.Errorf("Lookup(%q) = %d, %v, want %d", name, got, ok, id)
		}
	}
	if n != 19 {
		t.Errorf("%d formats have a name, want 19", n)
	}
	for _, s := range []string{"", "strict-uri", "Date"} {
		if _, ok := format.Lookup(s); ok {
			t.Errorf("Lookup(%q) finds a format", s)
		}
	}
	if !format.Check(0, []byte("x")) || !format.Check(255, []byte("x")) {
		t.Error("a format that does not exist refuses a string")
	}
}

// TestCheck holds what the suite leaves out.
func TestCheck(t *testing.T) {
	long := strings.Repeat
	tests := []struct {
		id      format.ID
		yes, no []string
	}{
		{format.DateTime, []string{"2026-11-20T23:59:59.1+14:00", "0000-01-01T00:00:00-00:00"},
			[]string{"", "T", "2026-11-20 23:59:59Z", "2026-11-20T", "2026-11-20T23:59:59", "2026-11-20T23:59:59.Z", "2026-11-20T23:59:59+1:00", "2026-11-20T23:59:59Zé", "2100-02-29T00:00:00Z"}},
		{format.Date, []string{"2000-02-29", "0000-02-29"}, []string{"1900-02-29", "2026-11-31", "2026-11-2", "２０２６-11-20"}},
		{format.Time, []string{"00:00:00z", "00:59:60+01:00", "12:00:00.000000000000000000001Z"}, []string{"", "00:00:00", "00:00:0Z", "00:00:00.", "00:00:00.5", "00:00:00+0100"}},
		{format.Duration, []string{"P1D", "PT1M"}, []string{"PT", "P1S", "P1DT", "PT1W", "p1d", "P1W1D", "P1D1W"}},
		{format.Email, []string{"a@b", "a.b+c@d-e.f", `"\""@b`, "!#$%&'*+-/=?^_`{|}~@x", long("a", 64) + "@b"},
			[]string{"", "@", "a@", "a@-b", "a@b-", "a@b-.c", "a@b..c", "a@.b", "a@b.", "a b@c", `"a@b`, `"a"b@c`, "é@b", "a@é", "a@[1.2.3]", "a@[", "a@[]", "a@b@c", "\"\n\"@b", long("a", 65) + "@b", "a@" + long("a.", 127) + "ab"}},
		{format.IDNEmail, []string{"é@b", "a@é.b", `"é"@b`}, []string{"é", "@é", "é@", "é@b..c"}},
		{format.Hostname, []string{"a", "1.2", "A.B", "xn--Nxasmq6B", long("a", 63)}, []string{"a_b", "a..b", "a.", "xn--", "xn--a", "XN--NXASMQ6B-", "a b", "é", long("a.", 127)}},
		{format.IDNHostname, []string{"a", "bücher.de", "ab.例え", "xn--bcher-kva.de"}, []string{"", "a..b", "Bücher", "ab--c", "a_b", "\u200c", "xn--bcher-Kvb"}},
		{format.IPv4, []string{"0.0.0.0"}, []string{"1.2.3", "1.2.3.4.", "01.2.3.4", "1.2.3.4444", "1..2.3"}},
		{format.IPv6, []string{"::", "::1", "1::", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "ABCD::"},
			[]string{"", ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3", "::%1", "g::", "1.2.3.4::", "::1.2.3.4:1"}},
		{format.URI, []string{"a:", "a:b", "a://", "a:///", "a+b-c.1:x", "a://b:", "a://@", "a://u:p@h:1/p?q=/?#f/?", "a://[v1.x:y]", "a:%2F", "urn:a:b@c"},
			[]string{"", ":", "1a:b", "a", "a://b:x", "a://[::1", "a://[::1]x", "a://[v.x]", "a://[v1.]", "a:#a#b", "a:\x00", "a:é", "a://b@c@d", "a:%", "a:%2"}},
		{format.URIReference, []string{"", "a", "./a:b", "?:", "#:", "//a", "/a:b", "a/b:c"}, []string{":a", "a b", "#\"", "#a#", "1:2"}},
		{format.IRI, []string{"a:é", "a://é/é?\ue000#é"}, []string{"a:\ue000", "a:#\ue000", "é:a", "a:\u0080", "a:\ufdd0", "a:\uffff", "a:\U000e0001"}},
		{format.IRIReference, []string{"é", "?\U000f0000"}, []string{"\U000f0000", "é b"}},
		{format.URITemplate, []string{"{a}", "{a_1.b}", "{+a,b*,c:9999}", "é", "{%41}"}, []string{"{", "}", "{a", "{+}", "{a:}", "{a.}", "{.}", "{a-b}", "%", "{%4}", "<"}},
		{format.UUID, []string{"00000000-0000-0000-0000-000000000000"}, []string{"", "0000000000000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000-", "00000000-0000-0000-0000-00000000000g"}},
		{format.JSONPointer, []string{"", "/", "/~0~1"}, []string{"a", "/~", "/~2"}},
		{format.RelativeJSONPointer, []string{"0", "10#", "1/a"}, []string{"", "#", "00", "1a", "1##", "1#/"}},
		{format.Regex, []string{"", "a|b", "(?:a)(?<n>b)(?=c)(?!d)(?<=e)(?<!f)", "(a)\\1", "[a-z\\d-]", "a{2,3}?", "a{", "}", "]", "\\u{1F432}\\uD83D\\uDC32", "\\p{Lu}\\P{Script=Greek}", "(?i-m:a)", "(?ims-:a)", "(?<é>x)\\k<é>", "[\\b\\-]", "a{,2}", "\\/"},
			[]string{"(", ")", "[", "[a", "\\", "*", "a**", "a{3,2}", "(?", "(?a)", "(?<>a)", "(?<1>a)", "\\1", "(a)\\2", "\\a", "\\Z", "\\c", "\\c1", "\\x1", "\\u12", "\\u{110000}", "\\u{}", "\\p", "\\p{}", "\\p{a", "\\01", "[z-a]", "[\\1]", "^*", "\\b+", "{2}", "(?i", "(?ii:a)", "(?i-i:a)", "(?-:a)", "\\k", "\\k<a"}},
	}
	for _, tt := range tests {
		for _, s := range tt.yes {
			if !format.Check(tt.id, []byte(s)) {
				t.Errorf("%s refuses %q", tt.id.Name(), s)
			}
		}
		for _, s := range tt.no {
			if format.Check(tt.id, []byte(s)) {
				t.Errorf("%s takes %q", tt.id.Name(), s)
			}
		}
	}
	if len(tests) != 19 {
		t.Errorf("%d formats tested, want 19", len(tests))
	}
}

// TestUUIDBytes puts every byte at every place of a UUID.
func TestUUIDBytes(t *testing.T) {
	const uuid = "2eb8aa08-aa98-11ea-B4AA-73b441d16380"
	for at := range len(uuid) {
		s := []byte(uuid)
		for c := range 256 {
			s[at] = byte(c)
			want := strings.IndexByte("0123456789abcdefABCDEF", byte(c)) >= 0
			if uuid[at] == '-' {
				want = c == '-'
			}
			if got := format.Check(format.UUID, s); got != want {
				t.Errorf("Check(%q) = %v", s, got)
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	strs := [][]byte{
		[]byte("2026-11-20T23:59:59.123Z"), []byte("bücher.例え.de"), []byte("xn--bcher-kva.de"), []byte("a@b.c"),
		[]byte("https://example.com/a?b#c"), []byte("2eb8aa08-aa98-11ea-b4aa-73b441d16380"), []byte(`^(a|b)[c-d]{2}\p{L}$`), []byte("::1"), []byte("{a,b*}/1"),
	}
	if n := testing.AllocsPerRun(100, func() {
		for id := range format.ID(20) {
			for _, s := range strs {
				format.Check(id, s)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCheck looks for panics: the bytes need not even be UTF-8.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{"2026-11-20T23:59:60Z", "PT1H", "\"a\"@[IPv6:::1]", "xn--bcher-kva.de", "bücher。de", "a://[v1.x]:1/%41?#", "{+a:1,b*}", "/~0", "1#", `(?<a>[\u{1F432}-\uFFFF])\k<a>{1,2}`, "\xf0"} {
		for id := range format.ID(20) {
			f.Add(uint8(id), []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, id uint8, s []byte) {
		format.Check(format.ID(id), s)
	})
}

func BenchmarkCheck(b *testing.B) {
	for _, bm := range []struct {
		id format.ID
		s  string
	}{
		{format.DateTime, "2026-11-20T23:59:59.123Z"},
		{format.Date, "2026-11-20"},
		{format.UUID, "2eb8aa08-aa98-11ea-b4aa-73b441d16380"},
		{format.URI, "https://www.example.com/products/blue-shoes?ref=newsletter&utm_source=mail#top"},
		{format.Email, "joe.bloggs@example.com"},
		{format.IPv4, "203.0.113.195"},
		{format.IPv6, "2001:db8:85a3::8a2e:370:7334"},
		{format.Hostname, "www.example.com"},
		{format.IDNHostname, "παράδειγμα.δοκιμή"},
		{format.Regex, `^iglu:[a-zA-Z0-9-_.]+/[a-zA-Z0-9-_]+/[a-zA-Z0-9-_]+/[0-9]+-[0-9]+-[0-9]+$`},
	} {
		b.Run(bm.id.Name(), func(b *testing.B) {
			s := []byte(bm.s)
			b.SetBytes(int64(len(s)))
			b.ReportAllocs()
			for b.Loop() {
				if !format.Check(bm.id, s) {
					b.Fatalf("%s refuses %q", bm.id.Name(), s)
				}
			}
		})
	}
}
