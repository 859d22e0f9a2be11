package privacy

import (
	"encoding/json"
	"strings"
	"testing"

	"weir/edge/envelope"
)

func redact(t *testing.T, data, rules string, spans ...Span) (string, []envelope.Receipt) {
	t.Helper()
	var r Rules
	for _, line := range strings.Fields(rules) {
		field, do, _ := strings.Cut(line, "=")
		action, err := ParseAction([]byte(do))
		if err != nil {
			t.Fatal(err)
		}
		r.Policy = append(r.Policy, Rule{Name: "r", Schemas: []string{"*"}, Fields: []string{field}, Action: action})
	}
	var arena envelope.Arena
	var e envelope.Event
	s := envelope.SelfDescribing{Schema: "iglu:a/b/c/1-0-0", Data: []byte(data)}
	r.Redact(&arena, &e, &s, "unstruct_event", spans, false)
	if !json.Valid(s.Data) {
		t.Fatalf("%s became %s", data, s.Data)
	}
	return string(s.Data), e.Receipts
}

func TestRedact(t *testing.T) {
	const drop, mask, scrub = `={"action":"drop"}`, `={"action":"mask"}`, `={"action":"scrub","find":["email"]}`
	for _, c := range []struct{ data, rules, want string }{
		{`{"a":1,"b":2}`, "a" + drop, `{"b":2}`},
		{` { "a" : 1 , "b" : 2 } `, "b" + drop, `{"a":1}`},
		{`{"a":1}`, "a" + drop, `{}`},
		{`{"\u0061":"x","b":[1]}`, "a" + mask, `{"\u0061":"*","b":[1]}`},
		{`{"a":"x","a":"yy"}`, "a" + mask, `{"a":"*","a":"**"}`},
		{`{"a":[{"b":"x"},{"b":"y","c":1},[]]}`, "a.*.b" + drop, `{"a":[{},{"c":1},[]]}`},
		{`{"a":["x",1,true,null,{"y":"z"},["w"]]}`, "a.*" + mask, `{"a":["*","*",null]}`},
		{`{"a":{"b":"x"}}`, "a" + mask, `{}`},
		{`{"a":{"b":"to x@y.example","c":[1,"x@y.example"]}}`, "a" + scrub, `{"a":{"b":"to [email]","c":[1,"[email]"]}}`},
		{`{"a":{"b":"x@y.example"}}`, "a" + scrub + " a.b" + drop, `{"a":{}}`},
		{`{"a":"x"}`, "a" + scrub + " a" + mask, `{"a":"*"}`},
		{`["x"]`, "*" + mask, `["*"]`},
		{`"x"`, "a" + mask, `"x"`},
		{`{"":{"":"x"}}`, "a" + mask, `{"":{"":"x"}}`},
	} {
		if got, _ := redact(t, c.data, c.rules); got != c.want {
			t.Errorf("%s by %s: %s, want %s", c.data, c.rules, got, c.want)
		}
	}
	hide, keep := Action{}, Action{kind: kindKeep}
	if got, _ := redact(t, ` "x" `, "", Span{1, 4, &hide}); got != "null" {
		t.Errorf("a document that is dropped is %s", got)
	}
	// An annotation on what stands within something dropped comes to nothing.
	if got, _ := redact(t, `{"a":{"b":"x"},"c":"y"}`, "", Span{10, 13, &keep}, Span{5, 14, &hide}, Span{19, 22, &hide}); got != `{}` {
		t.Errorf("nested spans leave %s", got)
	}
}

// Whoever sends a document chooses the names in it.
func TestReceiptsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"` + strings.Repeat("n", 1<<16) + `":{"a":"x"}`)
	for i := range 1000 {
		b.WriteString(`,"` + strings.Repeat("k", i+1) + `":{"a":"x"}`)
	}
	b.WriteByte('}')
	_, receipts := redact(t, b.String(), `*.a={"action":"drop"}`)
	size := 0
	for _, r := range receipts {
		size += len(r.Field)
	}
	if len(receipts) == 0 || len(receipts) > maxReceipts+1 || size > (maxReceipts+1)*longestField {
		t.Errorf("%d receipts with %d bytes of names", len(receipts), size)
	}
}
