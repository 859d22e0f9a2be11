package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// expect compares columns, given as name and value in turn.
func (r row) expect(t *testing.T, pairs ...any) {
	t.Helper()
	if r == nil {
		t.Error("there is no such row")
		return
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		name := pairs[i].(string)
		if got := r[name]; got != pairs[i+1] {
			t.Errorf("%v of %v: %s is %#v, want %#v", r["event_name"], r["app_id"], name, got, pairs[i+1])
		}
	}
}

// selfDescribing is a schema and its data.
type selfDescribing struct {
	Schema string
	Data   map[string]any
}

// read decodes a column that holds JSON.
func (r row) read(t *testing.T, column string, into any) {
	t.Helper()
	b, err := json.Marshal(r[column])
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Errorf("%s: %v: %s", column, err, b)
	}
}

// expectData compares the name in a product_view and the SKUs of its product
// entities, whose order is the tracker's.
func (r row) expectData(t *testing.T, name string, skus ...string) {
	t.Helper()
	if r == nil {
		t.Error("there is no product_view")
		return
	}
	var event selfDescribing
	r.read(t, "unstruct_event", &event)
	if event.Schema != "iglu:com.example/product_view/jsonschema/1-0-0" || event.Data["name"] != name {
		t.Errorf("unstruct_event is %+v", event)
	}
	var entities []selfDescribing
	r.read(t, "contexts", &entities)
	var got []string
	for _, e := range entities {
		if e.Schema == "iglu:com.example/product/jsonschema/1-0-0" {
			got = append(got, fmt.Sprint(e.Data["sku"]))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(skus) {
		t.Errorf("product entities are %v, want %v", got, skus)
	}
}

// facts is what weir itself says of an event, under "weir" in the envelope.
type facts struct {
	Verdict    string
	Protocol   string
	Violations []struct{ Schema, Path, Keyword, Message string }
	Receipts   []struct{ Rule, Field, Action string }
}

func (r row) facts(t *testing.T) facts {
	t.Helper()
	var f facts
	r.read(t, "weir", &f)
	return f
}

// received reports whether privacy left a receipt for a field.
func (f facts) received(field string) bool {
	for _, r := range f.Receipts {
		if r.Field == field {
			return true
		}
	}
	return false
}

// expectViolation asks for a violation at that place of the payload, with a
// sentence and a schema to go with it.
func expectViolation(t *testing.T, r row, path, keyword string) {
	t.Helper()
	f := r.facts(t)
	if f.Verdict != "failed" {
		t.Errorf("the verdict is %q", f.Verdict)
	}
	for _, v := range f.Violations {
		if strings.HasSuffix(v.Path, path) && v.Keyword == keyword {
			if v.Message == "" || !strings.HasPrefix(v.Schema, "iglu:com.example/") {
				t.Errorf("the violation at %s says %+v", path, v)
			}
			return
		}
	}
	t.Errorf("no violation of %s at %s among %+v", keyword, path, f.Violations)
}
