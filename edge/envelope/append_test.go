package envelope

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestColumns(t *testing.T) {
	if TrueTstamp != NumFields-1 {
		t.Fatalf("the last column is number %d of %d", TrueTstamp, NumFields)
	}
	for f := range Field(NumFields) {
		if got, ok := FieldByName(f.Name()); !ok || got != f {
			t.Errorf("column %d is called %q, which is column %d", f, f.Name(), got)
		}
		if (f.Kind() == Text) != (f.Limit() > 0) {
			t.Errorf("%s is of kind %d and has the limit %d", f, f.Kind(), f.Limit())
		}
	}
	// Spot checks against the numbers of the enriched TSV.
	for n, name := range map[Field]string{0: "app_id", 20: "geo_city", 52: "contexts", 58: "unstruct_event", 77: "useragent", 100: "os_timezone", 124: "derived_tstamp", 130: "true_tstamp"} {
		if n.Name() != name {
			t.Errorf("column %d is called %q, want %q", n, n.Name(), name)
		}
	}
}

func TestAppendString(t *testing.T) {
	for _, s := range []string{"", "plain", "1234567\"", "12345678\"", `\`, "a\nb\rc\td\be\x00f\x1f", "\x7f", "Grüße", "\u2028\u2029", "😀😀", strings.Repeat("x", 1000) + "\n"} {
		for pad := range 9 {
			s := strings.Repeat("-", pad) + s
			var back string
			if err := json.Unmarshal(AppendString(nil, s), &back); err != nil || back != s {
				t.Errorf("%q became %s: %v", s, AppendString(nil, s), err)
			}
		}
	}
	if got := string(AppendString(nil, "a\xffb\xe2\x82c")); got != `"a`+"\ufffd"+`b`+"\ufffd\ufffd"+`c"` {
		t.Errorf("bytes that are not UTF-8 became %s", got)
	}
}

func FuzzAppendString(f *testing.F) {
	f.Add("a\"b\\c\x00\xff\u2028")
	f.Fuzz(func(t *testing.T, s string) {
		var back string
		out := AppendString(nil, s)
		if err := json.Unmarshal(out, &back); err != nil || !utf8.Valid(out) {
			t.Fatalf("%q became %s: %v", s, out, err)
		}
		if want := string([]rune(s)); back != want {
			t.Fatalf("%q came back as %q", s, back)
		}
	})
}

func TestAppendTime(t *testing.T) {
	for _, ms := range []int64{0, -1, 1, 951_782_400_000, 1_795_215_804_123, -2_208_988_800_001, MinTime, MaxTime, 68_169_600_000, 4_107_542_399_999} {
		want := time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
		got := string(AppendTime(nil, ms))
		if got != want {
			t.Errorf("AppendTime(%d) = %s, want %s", ms, got, want)
		}
		if back, ok := ParseTime(got); !ok || back != ms {
			t.Errorf("ParseTime(%s) = %d, %t", got, back, ok)
		}
	}
	for day := int64(-800_000); day < 2_900_000; day += 97 {
		y, m, d := date(day)
		if gy, gm, gd := time.Unix(day*86400, 0).UTC().Date(); y != gy || int(m) != int(gm) || int(d) != gd {
			t.Fatalf("date(%d) = %d-%d-%d, want %d-%d-%d", day, y, m, d, gy, gm, gd)
		}
	}
	for _, s := range []string{"", "2026-11-20T23:03:24.123", "2026-02-30T00:00:00.000Z", "2026-11-20T24:00:00.000Z", "2026-11-20t23:03:24.123Z", "2026-11-20T23:03:60.000Z", "2026-13-01T00:00:00.000Z"} {
		if _, ok := ParseTime(s); ok {
			t.Errorf("ParseTime(%q) takes it for a time", s)
		}
	}
	if got := string(AppendTime(nil, MaxTime+1)); got != "9999-12-31T23:59:59.999Z" {
		t.Errorf("a time beyond the last is %s", got)
	}
}

func TestEventColumns(t *testing.T) {
	var e Event
	e.Set(AppID, "a")
	e.SetInt(TiQuantity, 7)
	e.Set(AppID, "b")
	e.SetBool(BrCookies, true)
	if e.Get(AppID) != "b" || !e.Has(BrCookies) || e.Has(Platform) || e.Get(Platform) != "" {
		t.Fatalf("columns are not what was set: %+v", e.values)
	}
	e.Drop(AppID)
	if _, ok := e.GetInt(BrCookies); e.Has(AppID) || e.Get(AppID) != "" || !ok {
		t.Fatal("Drop dropped something else")
	}
	e.Set(AppID, "c")
	if e.Get(AppID) != "c" {
		t.Fatal("a dropped column cannot be set again")
	}
	e.Reset()
	for f := range Field(NumFields) {
		if e.Has(f) {
			t.Fatalf("Reset left %s", f)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	var e Event
	e.Protocol = "snowplow"
	e.Set(VTracker, `js-"4"`)
	e.Set(AppID, "shop")
	e.SetInt(CollectorTstamp, 1_795_215_804_123)
	e.SetInt(PageURLPort, 443)
	e.SetBool(BrCookies, false)
	e.Set(SeValue, "1.50")
	e.Unstruct = SelfDescribing{"iglu:a/b/jsonschema/1-0-0", []byte("{\n\"x\":\r\n[1,\t2]}")}
	e.Contexts = []SelfDescribing{{"iglu:a/c/jsonschema/1-0-0", []byte("1")}, {"iglu:a/c/jsonschema/1-0-0", []byte(`"two"`)}}
	e.Violate(Violation{"iglu:a/b/jsonschema/1-0-0", "/unstruct_event/data/x", "type", "must be a string"})
	e.Receive(Receipt{"ip-prefix", "user_ipaddress", "truncate"})
	e.Reject("res", "abc")
	e.Reject("res", "def")
	e.Payload = "p\n"
	h := Header{ID: "0193", Captured: 1_795_215_804_123, Bundle: "9f86d081884c7d65"}
	got := string(e.AppendJSON(nil, &h, &Location{Country: "DE", Colo: "TXL"}, 3))
	want := `{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","v_tracker":"js-\"4\"","page_urlport":443,` +
		`"contexts":[{"schema":"iglu:a/c/jsonschema/1-0-0","data":1},{"schema":"iglu:a/c/jsonschema/1-0-0","data":"two"}],"se_value":1.50,` +
		`"unstruct_event":{"schema":"iglu:a/b/jsonschema/1-0-0","data":{ "x":  [1,` + "\t" + `2]}},"br_cookies":false,` +
		`"weir":{"version":1,"protocol":"snowplow","verdict":"failed","batch":"0193","index":3,"bundle":"9f86d081884c7d65",` +
		`"violations":[{"schema":"iglu:a/b/jsonschema/1-0-0","path":"/unstruct_event/data/x","keyword":"type","message":"must be a string"}],` +
		`"receipts":[{"rule":"ip-prefix","field":"user_ipaddress","action":"truncate"}],"edge":{"country":"DE","colo":"TXL"},` +
		`"rejected":{"res":"def"},"payload":"p\n"}}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("the envelope is not JSON")
	}
}

func TestViolationsAreBounded(t *testing.T) {
	var e Event
	for range MaxViolations + 5 {
		e.Violate(Violation{Keyword: "type"})
	}
	got := string(e.AppendJSON(nil, &Header{}, &Location{}, 0))
	if len(e.Violations) != MaxViolations || !strings.Contains(got, `"violations_more":5`) {
		t.Errorf("%d violations kept: %s", len(e.Violations), got)
	}
}

func TestClean(t *testing.T) {
	var a Arena
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a\tb\t": "a    b    ", "\x00\n\x7f": "", "a\u0085b\u00a0c": "ab\u00a0c", "\xc2": "\xc2",
	} {
		if got := Clean(&a, in); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFillLimit(t *testing.T) {
	var a Arena
	for in, fits := range map[string]bool{"EUR": true, "€€€": true, "😀x": true, "EURO": false, "😀😀": false, "\t": false, "E\n\n\nUR": true} {
		var e Event
		e.Fill(&a, TrCurrency, "tr_cu", in)
		if e.Has(TrCurrency) != fits || (len(e.Violations) == 0) != fits || (len(e.Rejected) == 0) != fits {
			t.Errorf("%q: column %q, violations %v, rejected %v", in, e.Get(TrCurrency), e.Violations, e.Rejected)
		}
	}
}
