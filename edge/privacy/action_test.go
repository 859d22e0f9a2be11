package privacy

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestActions(t *testing.T) {
	key, err := NewKey("k1", []byte("a key of sixteen"))
	if err != nil {
		t.Fatal(err)
	}
	key.Salt = "pepper"
	const dropped = "\x00"
	for _, c := range []struct{ action, text, want string }{
		{`{"action":"drop"}`, "x", dropped},
		{`{"action":"keep","why":"w"}`, "x", "x"},
		{`{"action":"replace","with":"gone"}`, "x", "gone"},
		{`{"action":"mask"}`, "grün", "****"},
		{`{"action":"mask","keepStart":1,"keepEnd":2}`, "grünau", "g***au"},
		{`{"action":"mask","keepStart":1,"keepEnd":2}`, "grü", "***"},
		{`{"action":"mask","keepEnd":3}`, "", ""},
		{`{"action":"truncate","length":3}`, "grünau", "grü"},
		{`{"action":"truncate","length":3}`, "gr", "gr"},
		{`{"action":"truncate","decimals":1}`, "47.3769", "47.3"},
		{`{"action":"truncate","decimals":0}`, "-47.3769", "-47"},
		{`{"action":"truncate","decimals":5}`, "47.3769", "47.3769"},
		{`{"action":"truncate","decimals":2}`, "4.73769e1", dropped},
		{`{"action":"truncate","decimals":2}`, "north", dropped},
		{`{"action":"truncate","prefix4":16,"prefix6":32}`, "203.0.113.7", "203.0.0.0"},
		{`{"action":"truncate","prefix4":16,"prefix6":32}`, "2001:db8:1:2::3", "2001:db8::"},
		{`{"action":"truncate","prefix4":16}`, "2001:db8:1:2::3", "::"},
		{`{"action":"truncate","prefix4":16}`, "example.com", dropped},
		{`{"action":"truncate","unit":"month"}`, "2026-11-20", "2026-11-01"},
		{`{"action":"truncate","unit":"year"}`, "2026-11-20", "2026-01-01"},
		{`{"action":"truncate","unit":"day"}`, "2026-11-20T23:03:24.5+01:00", "2026-11-20T00:00:00+01:00"},
		{`{"action":"truncate","unit":"hour"}`, "2026-11-20T23:03:24Z", "2026-11-20T23:00:00Z"},
		{`{"action":"truncate","unit":"minute"}`, "2026-11-20t23:03:24.123Z", "2026-11-20T23:03:00Z"},
		{`{"action":"truncate","unit":"day"}`, "20 November", dropped},
		{`{"action":"truncate","unit":"day"}`, "2026-02-30", dropped},
		{`{"action":"generalise","to":"decade"}`, "1987", "1980"},
		{`{"action":"generalise","to":"decade"}`, "7", "0"},
		{`{"action":"generalise","to":"decade"}`, "19.87", dropped},
		{`{"action":"generalise","to":"decade"}`, "", dropped},
		{`{"action":"generalise","to":"origin"}`, "https://u:p@shop.example:8443/a?b#c", "https://shop.example:8443"},
		{`{"action":"generalise","to":"origin"}`, "mailto:a@b.example", dropped},
		{`{"action":"generalise","to":"family"}`, "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1", "Edge 142"},
		{`{"action":"generalise","to":"family"}`, "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15", "Safari 18"},
		{`{"action":"generalise","to":"family"}`, "curl/8.11.0 on machine-of-ada", "curl 8"},
		{`{"action":"generalise","to":"family"}`, "ada@example.com", "ada"},
		{`{"action":"scrub","parameters":["email","t"]}`, "https://a.example/p?email=x&q=1&T=2#t=3&z=4", "https://a.example/p?q=1#z=4"},
		{`{"action":"scrub","parameters":["email"]}`, "https://a.example/p?%65mail=x", "https://a.example/p"},
		{`{"action":"scrub","parameters":["token"]}`, "https://a.example/#/reset?token=x&a=b", "https://a.example/#a=b"},
		{`{"action":"scrub","parameters":["utm_*","*mail"]}`, "https://a.example/p?UTM%5Fid=1&e-mail=x&mailer=2#?utm_source=y", "https://a.example/p?mailer=2"},
		{`{"action":"hash","as":"snowplow"}`, "ada@example.com", "bf05bf15dd93dcb43bf88d87a194993285322d3fdec4a0db9bf15c4cf24c9316"},
		{`{"action":"scrub","parameters":["email"]}`, "https://a.example/p?emails=x", "https://a.example/p?emails=x"},
		{`{"action":"scrub","find":["email"]}`, "to ada.l+x@mail.example.com, or bob%40example.org.", "to [email], or [email]."},
		{`{"action":"scrub","find":["email"]}`, "@here a@b and grün@müller.example", "@here a@b and [email]"},
		{`{"action":"scrub","find":["phone"]}`, "call +41 44 668 18 00 or (0)44-668-1800 by 2026", "call [phone] or [phone] by 2026"},
		{`{"action":"scrub","find":["phone"]}`, "order 1234567890", "order 1234567890"},
		{`{"action":"scrub","find":["card"]}`, "4111 1111 1111 1111 and 4111111111111112", "[card] and 4111111111111112"},
		{`{"action":"scrub","find":["card"]}`, "Product/1 4111 1111 1111 1111 12/29, 80 4111-1111-1111-1111", "Product/1 [card] 12/29, 80 [card]"},
		{`{"action":"scrub","find":["card"]}`, "14111111111111111 41111111111111111111", "14111111111111111 41111111111111111111"},
		{`{"action":"scrub","find":["phone"]}`, "8001 044 668 18 00, 1 (044) 668 18 00, 0446681800 123456789", "8001 [phone], 1 [phone], [phone] 123456789"},
		{`{"action":"scrub","find":["phone"]}`, "article 550-0123-4567 of 2026-01-02", "article 550-0123-4567 of 2026-01-02"},
		{`{"action":"scrub","find":["card","phone"]}`, "4111111111111111-0446681800", "[card]-[phone]"},
		{`{"action":"scrub","find":["card","email"],"parameters":["a"]}`, "?a=1&b=x@y.example&c=4111111111111111", "?b=[email]&c=[card]"},
	} {
		a, err := ParseAction([]byte(c.action))
		if err != nil {
			t.Fatalf("%s: %v", c.action, err)
		}
		got, kept := a.apply(nil, c.text, &key)
		if !kept {
			got = []byte(dropped)
		}
		if string(got) != c.want {
			t.Errorf("%s of %q: %q, want %q", c.action, c.text, got, c.want)
		}
	}
	hash, _ := ParseAction([]byte(`{"action":"hash"}`))
	if _, kept := hash.apply(nil, "x", &Key{}); kept {
		t.Error("a hash without a key is kept")
	}
	key.Salt = ""
	hash, _ = ParseAction([]byte(`{"action":"hash","as":"snowplow"}`))
	if _, kept := hash.apply(nil, "x", &key); kept {
		t.Error("a pseudonym without a salt is kept")
	}
}

func TestParseActionErrors(t *testing.T) {
	for json, want := range map[string]string{
		`"drop"`:                              "must be an object",
		`{}`:                                  "action must be one of",
		`{"action":"lose"}`:                   "action must be one of drop",
		`{"action":"drop","how":1}`:           "no option how",
		`{"action":"truncate"}`:               "truncate needs",
		`{"action":"truncate","length":0}`:    "length must be an integer from 1",
		`{"action":"truncate","unit":"week"}`: "unit must be one of minute",
		`{"action":"generalise"}`:             "generalise needs to",
		`{"action":"scrub"}`:                  "scrub needs find",
		`{"action":"scrub","find":"email"}`:   "find must be an array",
		`{"action":"scrub","find":["name"]}`:  "find must be one of email phone card",
		`{"action":"mask","keepEnd":-1}`:      "keepEnd must be an integer",
		`{"action":"drop","length":5}`:        "drop takes no option length",
		`{"action":"mask","to":"origin"}`:     "mask takes no option to",
		`{"action":"drop","action":"keep"}`:   "action occurs twice",
		`{"action":"hash","as":"md5"}`:        "as must be one of hmac snowplow",
		`{"action":"drop"} x`:                 "",
		`{"action":"drop"`:                    "",
	} {
		a, err := ParseAction([]byte(json))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", json, err, want)
		}
		if a.kind != kindDrop {
			t.Errorf("%s: whoever passes over the error does not drop", json)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"*", "", true}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*c", "abbc", true}, {"a*c", "ac", true},
		{"a*c", "a", false}, {"*a*b*", "xaybz", true}, {"*a*b*", "xbya", false}, {"*ab", "aab", true}, {"a*b*ab", "abab", true}, {"a*b*ab", "abxb", false},
		{"iglu:com.acme/*/jsonschema/1-*", "iglu:com.acme/order/jsonschema/1-0-2", true},
	} {
		if got := Matches(c.pattern, c.s); got != c.want {
			t.Errorf("%q matches %q: %t", c.pattern, c.s, got)
		}
	}
	for _, c := range []struct {
		field, path string
		want        bool
	}{
		{"email", ".email", true}, {"email", ".emails", false}, {"a.b", ".a.b", true}, {"a.b", ".a", false}, {"a", ".a.b", false},
		{"a.*.c", ".a.*.c", true}, {"a.*.c", ".a.x.c", true}, {"a.*", ".a.x", true}, {"*", ".x", true}, {"*", ".x.y", false},
	} {
		if got := isPath(c.field, c.path); got != c.want {
			t.Errorf("%q is %q: %t", c.field, c.path, got)
		}
	}
}

func FuzzApply(f *testing.F) {
	actions := []string{
		`{"action":"mask","keepStart":2,"keepEnd":2}`, `{"action":"truncate","length":5}`, `{"action":"truncate","decimals":2}`, `{"action":"truncate","unit":"day"}`,
		`{"action":"truncate","prefix4":24,"prefix6":48}`, `{"action":"generalise","to":"family"}`, `{"action":"generalise","to":"origin"}`, `{"action":"generalise","to":"decade"}`,
		`{"action":"scrub","find":["email","phone","card"],"parameters":["email"]}`, `{"action":"hash"}`,
		`{"action":"scrub","parameters":["*mail*","t*"]}`,
	}
	key, _ := NewKey("k", []byte("a key of sixteen"))
	f.Add("ada@example.com +41 44 668 18 00 4111 1111 1111 1111 https://x.example/?email=a@b.example#x")
	f.Add("2026-11-20T23:03:24.5+01:00")
	f.Add("+((((-+1%40@.%")
	f.Fuzz(func(t *testing.T, text string) {
		for _, json := range actions {
			a, err := ParseAction([]byte(json))
			if err != nil {
				t.Fatal(err)
			}
			got, kept := a.apply(nil, text, &key)
			if !kept {
				continue
			}
			if utf8.ValidString(text) && !utf8.Valid(got) {
				t.Fatalf("%s of %q is no UTF-8: %q", json, text, got)
			}
			if a.kind == kindScrub {
				if again, _ := a.apply(nil, string(got), &key); string(again) != string(got) {
					t.Fatalf("%s of %q: %q, and of that %q", json, text, got, again)
				}
			}
		}
	})
}
