package template

import (
	"strings"
	"testing"

	"weir/sinks"
)

func TestTemplate(t *testing.T) {
	event := sinks.Event{App: "shop", Name: "add_to_cart", Schema: "iglu:com.acme/cart/jsonschema/1-0-0", Verdict: "good"}
	shout := func(dst []byte, value string) []byte { return append(dst, strings.ToUpper(value)...) }
	for text, want := range map[string]string{
		"":       "",
		"events": "events",
		"{app_id}.{event_vendor}.{event_name}.{verdict}": "SHOP.COM.ACME.ADD_TO_CART.GOOD",
		"a{app_id}b{app_id}":                             "aSHOPbSHOP",
	} {
		got, err := Parse(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if name := string(got.Append(nil, &event, shout)); name != want {
			t.Errorf("%q gives %q, want %q", text, name, want)
		}
		if got.Fixed() != !strings.Contains(text, "{") {
			t.Errorf("%q is fixed: %t", text, got.Fixed())
		}
	}
	if v := vendor(&sinks.Event{}); v != "" {
		t.Errorf("an event without a schema is of vendor %q", v)
	}
	for text, want := range map[string]string{
		"{app}":        "{app} is none of {app_id} {event_name}",
		"a.{app_id":    "{app_id is none of",
		"a}.{app_id}":  "a } without its {",
		"{{app_id}}":   "{{app_id} is none of",
		"{app_id}}":    "a } without its {",
		"{}":           "{} is none of",
		"{app_id}.{ }": "{ } is none of",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
