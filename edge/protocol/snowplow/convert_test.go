package snowplow

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"math/big"
	"slices"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

func TestNumber(t *testing.T) {
	a := New()
	for in, want := range map[string]string{
		"0": "0", "1": "1", "-1": "-1", "+1": "1", "1.50": "1.50", "-0.5": "-0.5", ".5": "0.5", "-.5": "-0.5", "5.": "5", "007": "7",
		"-007.10": "-7.10", "00": "0", "1e3": "1e3", "1E+3": "1E+3", "1.5e-3": "1.5e-3", "5.e2": "5e2", "+.5E2": "0.5e2", "1e308": "1e308",
		strings.Repeat("9", 128): strings.Repeat("9", 128),
		// no numbers
		"-": "", "+": "", ".": "", "e5": "", "1e": "", "1e+": "", "1,5": "", "0x10": "", "1.2.3": "", " 1": "", "1 ": "", "NaN": "", "Infinity": "", "--1": "",
		"1e309": "", "1e-309": "", "1e999999999": "", "1e99999999999999999999": "", strings.Repeat("9", 129): "",
	} {
		got, ok := a.number(in)
		if got != want || ok != (want != "") {
			t.Errorf("number(%q) = %q, %t, want %q", in, got, ok, want)
		}
	}
}

func FuzzNumber(f *testing.F) {
	f.Add("+01.50e-7")
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" {
			return
		}
		got, ok := New().number(s)
		if !ok {
			return
		}
		if !json.Valid([]byte(got)) {
			t.Fatalf("number(%q) = %q is not JSON", s, got)
		}
		was, ok := new(big.Rat).SetString(s)
		is, ok2 := new(big.Rat).SetString(got)
		if !ok || !ok2 || was.Cmp(is) != 0 {
			t.Fatalf("number(%q) = %q is another number", s, got)
		}
	})
}

func TestFingerprint(t *testing.T) {
	decode := func(query string) string {
		events, err := New().Decode(nil, &protocol.Request{Method: "GET", Path: "/i", Query: query})
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		return events[0].Get(envelope.EventFingerprint)
	}
	pairs := []string{"zz=last", "p=web", "e=pv", "aa=first", "page=x%20y", "f=between", "tv=t"}
	sorted := []string{"aa", "first", "e", "pv", "f", "between", "p", "web", "page", "x y", "tv", "t", "zz", "last"}
	sum := md5.Sum([]byte(strings.Join(sorted, "\x1f") + "\x1f"))
	want := hex.EncodeToString(sum[:])
	for range len(pairs) {
		pairs = append(pairs[1:], pairs[0])
		if got := decode(strings.Join(pairs, "&")); got != want {
			t.Errorf("%v: %s, want %s", pairs, got, want)
		}
	}
	for _, volatile := range []string{"eid=1", "nuid=11111111-1111-4111-8111-111111111111", "stm=5", "cv=x", "ip=203.0.113.77"} {
		if got := decode(strings.Join(append(slices.Clone(pairs), volatile), "&")); got != want {
			t.Errorf("%s changes the fingerprint", volatile)
		}
	}
	if got := decode(strings.Join(append(slices.Clone(pairs), "uid=x"), "&")); got == want {
		t.Error("uid does not change the fingerprint")
	}
}

func FuzzDecode(f *testing.F) {
	const body = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"ue","p":"web","tv":"x","ue_pr":"{\"schema\":\"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0\",\"data\":{\"schema\":\"iglu:a/b/c/1-0-0\",\"data\":{}}}","res":"1x2"}]}`
	f.Add("POST", TP2, "aid=x", []byte(body))
	f.Add("POST", Redirect, "u=%FF%22&ue_px=e30", []byte(body))
	f.Add("GET", Redirect, "u=https://shop.example/&e=se&co=%7B%7D&p=app&tv=y", []byte(nil))
	f.Add("POST", TP2, "", []byte(`{"data":[5,{"e":"pv","e":"\ud800"}],"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-0"}`))
	f.Add("GET", "/i", "e=pv&cx=%2B_-/&co=%7B%7D&url=%zz", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, query string, body []byte) {
		r := &protocol.Request{Method: method, Path: path, Query: query, Body: body, Headers: []protocol.Header{{Name: "Content-Type", Value: "application/json"}}}
		if !New().Match(r) {
			return
		}
		given := string(body)
		events, err := New().Decode(nil, r)
		if err == nil && len(events) == 0 {
			t.Fatal("no event and no fault: the request would vanish")
		}
		if fault, ok := err.(*protocol.Fault); ok && (fault.From < 0 || fault.From > len(body)) {
			t.Fatalf("the fault is at byte %d of %d", fault.From, len(body))
		}
		if string(body) != given {
			t.Fatal("the request was written to")
		}
		for i := range events {
			line := events[i].AppendJSON(nil, &envelope.Header{}, &envelope.Location{}, i)
			if !json.Valid(line) || bytes.IndexByte(line, '\n') >= 0 {
				t.Fatalf("the envelope is not one line of JSON: %s", line)
			}
			if (len(events[i].Violations) > 0) != (events[i].Verdict == envelope.Failed) {
				t.Fatalf("verdict %s with %d violations", events[i].Verdict, len(events[i].Violations))
			}
		}
	})
}
