package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

func ExampleScanner() {
	doc := []byte(`{"schema": "iglu:com.acme/order/jsonschema/1-0-0", "n": [1, 2], "data": {"id": 7}}`)
	s := New(doc)
	var name, schema Text
	var data []byte
	for s.Object(); s.Member(&name); {
		switch {
		case name.Is("schema"):
			s.String(&schema)
		case name.Is("data"):
			data = s.Skip()
		default:
			s.Skip()
		}
	}
	if !s.End() {
		fmt.Println(s.Err())
		return
	}
	fmt.Printf("%s %s\n", schema.Raw, data)
	// Output: iglu:com.acme/order/jsonschema/1-0-0 {"id": 7}
}

func TestValueEnd(t *testing.T) {
	for _, c := range []struct {
		doc  string
		code Code
		at   int
	}{
		{`null`, OK, 4},
		{`false`, OK, 5},
		{`"a\u00e9\n"`, OK, 11},
		{`[1, -0.5e+10, {"a":[]} ]`, OK, 24},
		{`{ "a" : 1 , "b":{}}x`, OK, 19},
		{``, UnexpectedEnd, 0},
		{`nul`, UnexpectedEnd, 3},
		{`nulL`, UnexpectedByte, 3},
		{`falsy`, UnexpectedByte, 4},
		{`x`, UnexpectedByte, 0},
		{`"abc`, UnexpectedEnd, 4},
		{`"abc\`, UnexpectedEnd, 5},
		{`"abcdefghij\x"`, BadEscape, 11},
		{`"\u12g4"`, BadEscape, 1},
		{"\"abcdefgh\n\"", ControlByte, 9},
		{"\"\xff\"", BadUTF8, 1},
		{"\"\xed\xa0\x80\"", BadUTF8, 1}, // a surrogate
		{"\"\xc0\x80\"", BadUTF8, 1},     // overlong
		{"\"\xf4\x90\x80\x80\"", BadUTF8, 1},
		{"\"\xe2\x82\"", BadUTF8, 1},
		{`01`, BadNumber, 1},
		{`-`, UnexpectedEnd, 1},
		{`-a`, BadNumber, 1},
		{`1.`, UnexpectedEnd, 2},
		{`1.x`, BadNumber, 2},
		{`1e+`, UnexpectedEnd, 3},
		{`1ex`, BadNumber, 2},
		{`[1 2]`, UnexpectedByte, 3},
		{`[1,]`, UnexpectedByte, 3},
		{`[1`, UnexpectedEnd, 2},
		{`{"a"}`, UnexpectedByte, 4},
		{`{"a":1,}`, UnexpectedByte, 7},
		{`{a:1}`, UnexpectedByte, 1},
		{`{"a":1`, UnexpectedEnd, 6},
		{`[[[[]]]]`, TooDeep, 3},
	} {
		at, code := ValueEnd([]byte(c.doc), 0, 3)
		if at != c.at || code != c.code {
			t.Errorf("%s: got %q at %d, want %q at %d", c.doc, code, at, c.code, c.at)
		}
	}
}

// TestStringEnd puts every byte that ends the fast loop at every place of two
// words, behind bytes that differ from it by a carry.
func TestStringEnd(t *testing.T) {
	for at := range 16 {
		for _, filler := range []byte{'!', '#', ' ', '[', ']', 0x7f, '~', 'a'} {
			for _, stop := range []string{`"`, `\n"`, `\u0022"`, "\xc3\xa9\"", "\x1f\"", `\""`} {
				doc := append(bytes.Repeat([]byte{filler}, at), stop...)
				want := len(doc) - 1
				doc = append(doc, `":"#\"!"`...)
				end, flags, code := StringEnd(doc, 0)
				switch {
				case stop[0] == 0x1f:
					if code != ControlByte || end != at {
						t.Errorf("%q: %v at %d", doc, code, end)
					}
				case code != OK || end != want || (flags&Escaped != 0) != (stop[0] == '\\') || (flags&NonASCII != 0) != (stop[0] == 0xc3):
					t.Errorf("%q: %v at %d, want %d; flags %b", doc, code, end, want, flags)
				}
			}
		}
	}
}

// TestQuote holds Quote to PlainEnd, which it is a part of.
func TestQuote(t *testing.T) {
	for length := range 40 {
		for at := range length {
			for c := range 256 {
				doc := bytes.Repeat([]byte("a"), length)
				doc[at] = byte(c)
				from := at / 2
				want := PlainEnd(doc, from)
				if want == length || doc[want] != '"' {
					want = ^want
				}
				if got := Quote(doc, from); got != want {
					t.Fatalf("%q from %d: got %d, want %d", doc, from, got, want)
				}
			}
		}
	}
}

func TestScannerFaults(t *testing.T) {
	for _, c := range []struct {
		doc  string
		read func(s *Scanner)
		code Code
		at   int
	}{
		{`[1]`, func(s *Scanner) { s.Object() }, WrongKind, 0},
		{` 1`, func(s *Scanner) { s.String(new(Text)) }, WrongKind, 1},
		{``, func(s *Scanner) { s.Array() }, UnexpectedEnd, 0},
		{`{"a" 1}`, func(s *Scanner) { s.Object(); s.Member(new(Text)) }, UnexpectedByte, 5},
		{`{"a":1 "b":2}`, func(s *Scanner) { s.Object(); s.Member(new(Text)); s.Skip(); s.Member(new(Text)) }, UnexpectedByte, 7},
		{`[1,]`, func(s *Scanner) { s.Array(); s.Item(); s.Skip(); s.Item(); s.Skip() }, UnexpectedByte, 3},
		{`[] x`, func(s *Scanner) { s.Skip(); s.End() }, TrailingData, 3},
		{`[[]]`, func(s *Scanner) { s.Reset(s.doc, 1); s.Array(); s.Item(); s.Array() }, TooDeep, 1},
	} {
		s := New([]byte(c.doc))
		c.read(&s)
		var fault *Error
		if !errors.As(s.Err(), &fault) || fault.Code != c.code || fault.Offset != c.at {
			t.Errorf("%s: got %v, want %q at %d", c.doc, s.Err(), c.code, c.at)
		}
		if s.Skip() != nil || s.Item() || s.Member(new(Text)) || s.End() || s.Kind() != None {
			t.Errorf("%s: the scanner goes on after a fault", c.doc)
		}
	}
}

// TestNesting reads containers inside containers, where the end of the inner
// one must not be taken for the beginning of the outer.
func TestNesting(t *testing.T) {
	s := New([]byte(`[[],[1],{},{"a":[]},2]`))
	items := 0
	for s.Array(); s.Item(); items++ {
		switch s.Kind() {
		case Array:
			for s.Array(); s.Item(); {
				s.Skip()
			}
		case Object:
			var name Text
			for s.Object(); s.Member(&name); {
				s.Skip()
			}
		default:
			s.Skip()
		}
	}
	if !s.End() || items != 5 {
		t.Errorf("%d items, %v", items, s.Err())
	}
}

func TestText(t *testing.T) {
	for raw, want := range map[string]string{
		`plain`:                "plain",
		`\"\\\/\b\f\n\r\t`:     "\"\\/\b\f\n\r\t",
		`caf\u00e9 \u20ac`:     "café €",
		`\ud83d\ude00`:         "😀",
		`\ud83d`:               "\ufffd",
		`\ude00\ud83d`:         "\ufffd\ufffd",
		`\ud83d\u0041`:         "\ufffdA",
		`\ud83dx`:              "\ufffdx",
		`\u0000`:               "\x00",
		`é\u00e9`:              "éé",
		`\ud83d\ud83d\ude00\"`: "\ufffd😀\"",
	} {
		text := Text{Raw: []byte(raw), Escaped: true}
		if got := string(text.Append(nil)); got != want {
			t.Errorf("%s: got %q, want %q", raw, got, want)
		}
		if !text.Is(want) || text.Is(want+"x") || text.Is(want[:len(want)-1]) {
			t.Errorf("%s: Is is wrong", raw)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	doc := []byte(`{"a":"b","c":[1,2.5e3,null,{"d":"\u00e9"}]}`)
	scratch := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		s := New(doc)
		var name, text Text
		for s.Object(); s.Member(&name); {
			if s.Kind() == String {
				s.String(&text)
				text.Bytes(&scratch)
			} else {
				s.Skip()
			}
		}
		if !s.End() {
			t.Fatal(s.Err())
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzGrammar holds the grammar against encoding/json, which differs in two
// points: it accepts strings that are not UTF-8, and nests deeper.
func FuzzGrammar(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e10,"x\u00e9\n",true,false,null,{}]}`, `"\ud83d"`, ` 0 `, `[1,2,]`, "\"\x7f\xc3\xa9\"", `{"a":1,"a":2}`, `-0`, `1e5`, `"\u12"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := New(doc)
		s.Reset(doc, MaxDepth)
		s.Skip()
		got := s.End()
		want := json.Valid(doc)
		if fault, ok := s.Err().(*Error); ok && (fault.Code == TooDeep || fault.Code == BadUTF8) {
			if fault.Code == BadUTF8 && utf8.Valid(doc) {
				t.Fatalf("%q: %v, yet it is UTF-8", doc, s.Err())
			}
			return
		}
		if got != want {
			t.Fatalf("%q: got %t (%v), encoding/json says %t", doc, got, s.Err(), want)
		}
		if !got {
			return
		}
		if !utf8.Valid(doc) {
			t.Fatalf("%q: accepted, yet it is not UTF-8", doc)
		}
		if k := KindOf(strings.TrimLeft(string(doc), " \t\r\n")[0]); k == String {
			var text Text
			var decoded string
			s.Reset(doc, 0)
			s.String(&text)
			if err := json.Unmarshal(doc, &decoded); err != nil || decoded != string(text.Append(nil)) || !text.Is(decoded) {
				t.Fatalf("%s: unescaped to %q, encoding/json says %q", doc, text.Append(nil), decoded)
			}
		}
	})
}
