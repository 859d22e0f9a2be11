package protocol

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"weir/edge/envelope"
)

func TestHeader(t *testing.T) {
	r := Request{Headers: []Header{{"X-A", "first"}, {"x-a", "second"}, {"Content-Type", "text/plain"}, {"K\u212a", "no"}}}
	for name, want := range map[string]string{"x-A": "first", "CONTENT-TYPE": "text/plain", "content-typ": "", "kk": "", "": "", "content\ntype": ""} {
		if got := r.Header(name); got != want {
			t.Errorf("Header(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestHeadersSentMoreThanOnceAreJoined(t *testing.T) {
	got := AppendHeader(nil, "Accept", []string{"a", "", "b"})
	got = AppendHeader(got, "cookie", []string{"a=b", "c=d"})
	got = AppendHeader(got, "Host", []string{"h"})
	if want := []Header{{"Accept", "a, , b"}, {"cookie", "a=b, c=d"}, {"Host", "h"}}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSingle(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "a, a": "a", "a,a ,\ta": "a", "a, b": "a, b", "a, a, b": "a, a, b", "a,": "a,", ",": "", "a, A": "a, A",
		`a;b="x,y"`: `a;b="x,y"`, `a;b="x,y", a;b="x,y"`: `a;b="x,y", a;b="x,y"`,
	} {
		if got := Single(in); got != want {
			t.Errorf("Single(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestQuery(t *testing.T) {
	var got []string
	q := NewQuery("&a=1&&b&=c&d=&e=f=g&a=2&")
	for name, value, ok := q.Next(); ok; name, value, ok = q.Next() {
		got = append(got, name+"|"+value)
	}
	if want := "a|1 b| |c d| e|f=g a|2"; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", strings.Join(got, " "), want)
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a+b": "a b", "%41%5a%7A": "AZz", "%c3%A9": "é", "%": "%", "%4": "%4", "%zz": "%zz", "%%41": "%A", "a%2Bb": "a+b", "%00": "\x00", "x%ff": "x\xff",
	} {
		var a envelope.Arena
		if got := Unescape(&a, in, true); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
	var a envelope.Arena
	if got := Unescape(&a, "a+b%2b", false); got != "a+b+" {
		t.Errorf("where + means itself: %q", got)
	}
}

// Where net/url reads a text, so does Unescape, and to the same effect.
func FuzzUnescape(f *testing.F) {
	f.Add("a%20b+c%zz%c3")
	f.Fuzz(func(t *testing.T, s string) {
		var a envelope.Arena
		for plus, read := range map[bool]func(string) (string, error){true: url.QueryUnescape, false: url.PathUnescape} {
			if want, err := read(s); err == nil {
				if got := Unescape(&a, s, plus); got != want {
					t.Fatalf("Unescape(%q, %t) = %q, want %q", s, plus, got, want)
				}
			}
		}
	})
}
