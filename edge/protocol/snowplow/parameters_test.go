package snowplow

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"testing"
)

// The table must say what the payload_data schemas of the repository say.
func TestParametersAgreeWithPayloadData(t *testing.T) {
	total := map[int]int{0: 75, 1: 76, 2: 77, 3: 79, 4: 80}
	for minor := range lastMinor + 1 {
		text, err := os.ReadFile("../../../schemas/com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-" + strconv.Itoa(minor))
		if err != nil {
			t.Fatal(err)
		}
		var schema struct {
			Items struct {
				Properties map[string]struct{ Type string }
				Required   []string
			}
		}
		if err := json.Unmarshal(text, &schema); err != nil {
			t.Fatal(err)
		}
		if len(schema.Items.Properties) != total[minor] {
			t.Errorf("payload_data 1-0-%d has %d properties, want %d", minor, len(schema.Items.Properties), total[minor])
		}
		slices.Sort(schema.Items.Required)
		if !slices.Equal(schema.Items.Required, []string{"e", "p", "tv"}) {
			t.Errorf("payload_data 1-0-%d requires %v", minor, schema.Items.Required)
		}
		for name := range schema.Items.Properties {
			if id := lookup(name); id < 0 || int(parameters[id].since) > minor {
				t.Errorf("payload_data 1-0-%d has %s, the table has not", minor, name)
			}
		}
		for _, p := range parameters {
			if _, ok := schema.Items.Properties[p.name]; !ok && int(p.since) <= minor {
				t.Errorf("the table has %s, payload_data 1-0-%d has not", p.name, minor)
			}
		}
	}
}

func TestLookup(t *testing.T) {
	for id, p := range parameters {
		if got := lookup(p.name); got != id {
			t.Errorf("lookup(%q) = %d, want %d", p.name, got, id)
		}
		if id > 0 && parameters[id-1].name >= p.name {
			t.Errorf("%s stands before %s: the fingerprint needs them sorted", parameters[id-1].name, p.name)
		}
	}
	for _, name := range []string{"", "E", "ee", "f_realpl", "a very long name", "\x00e", "e\x00", "\xff"} {
		if id := lookup(name); id >= 0 {
			t.Errorf("lookup(%q) = %s", name, parameters[id].name)
		}
	}
}
