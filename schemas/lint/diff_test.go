package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func diffFolder(schemas map[string]string) fstest.MapFS {
	folder := fstest.MapFS{}
	for at, body := range schemas {
		folder["com.acme/"+strings.Replace(at, " ", "/jsonschema/", 1)] = &fstest.MapFile{Data: []byte(body)}
	}
	return folder
}

func TestDiff(t *testing.T) {
	older := map[string]string{
		"kept 1-0-0":    `{"type":"object"}`,
		"gone 1-0-0":    `{}`,
		"prose 1-0-0":   `{"description":"a","properties":{"description":{"description":"a","type":"null"}}}`,
		"prop 1-0-0":    `{"properties":{"description":{"type":"null"}}}`,
		"wider 1-0-0":   `{"properties":{"a":{"maxLength":5}}}`,
		"tighter 1-2-3": `{"properties":{"a":{"maxLength":5}}}`,
		"family 1-0-0":  `{"properties":{"a":{"maxLength":5}}}`,
		"private 1-0-0": `{"x-weir-privacy":{"action":"drop"}}`,
	}
	newer := map[string]string{
		"kept 1-0-0":    `{ "type": "object" }`,
		"prose 1-0-0":   `{"description":"b","title":"c","properties":{"description":{"type":"null","description":"b"}}}`,
		"prop 1-0-0":    `{"properties":{"title":{"type":"null"},"description":{"type":"null"}}}`,
		"wider 1-0-0":   `{"properties":{"a":{"maxLength":6}}}`,
		"tighter 1-2-3": `{"properties":{"a":{"maxLength":4}}}`,
		"family 1-0-0":  `{"properties":{"a":{"maxLength":5}}}`,
		"family 1-0-1":  `{"properties":{"a":{"maxLength":9},"b":{}}}`,
		"family 1-0-2":  `{"properties":{"a":{"maxLength":3}}}`,
		"family 1-1-0":  `{"properties":{"a":{"maxLength":2}}}`,
		"family 2-0-0":  `{"properties":{"a":{"type":"null"}}}`,
		"first 1-0-0":   `{}`,
		"private 1-0-0": `{"x-weir-privacy":{"action":"keep","why":"w"}}`,
	}
	changes, err := Diff(diffFolder(older), diffFolder(newer))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range changes {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s against %q needs %q raises %q: %s", strings.TrimPrefix(c.Key, "iglu:com.acme/"), c.What, c.Against, c.Needs, c.Raises, c.Fault)))
	}
	want := []string{
		`family/jsonschema/1-0-1 added against "1-0-0" needs "ADDITION" raises "ADDITION":`,
		`family/jsonschema/1-0-2 added against "1-0-1" needs "REVISION" raises "ADDITION": needs a new REVISION: make this 1-1-0`,
		`family/jsonschema/1-1-0 added against "1-0-2" needs "REVISION" raises "REVISION":`,
		`family/jsonschema/2-0-0 added against "1-1-0" needs "REVISION" raises "MODEL":`,
		`first/jsonschema/1-0-0 added against "" needs "" raises "":`,
		`gone/jsonschema/1-0-0 removed against "" needs "" raises "": trackers that send it are answered with an unknown schema`,
		`private/jsonschema/1-0-0 changed against "1-0-0" needs "ADDITION" raises "": a published version never changes: make this 1-0-1`,
		`prop/jsonschema/1-0-0 changed against "1-0-0" needs "ADDITION" raises "": a published version never changes: make this 1-0-1`,
		`prose/jsonschema/1-0-0 changed against "1-0-0" needs "" raises "":`,
		`tighter/jsonschema/1-2-3 changed against "1-2-3" needs "REVISION" raises "": a published version never changes: make this 1-3-0`,
		`wider/jsonschema/1-0-0 changed against "1-0-0" needs "ADDITION" raises "": a published version never changes: make this 1-0-1`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	i := slices.IndexFunc(changes, func(c Change) bool { return strings.Contains(c.Key, "tighter") })
	if r := changes[i].Reasons; len(r) != 1 || r[0].String() != "com.acme/tighter/jsonschema/1-2-3:1:33: /properties/a/maxLength: error: maxLength was 5 and is 4 [addition]" {
		t.Errorf("reasons: %v", r)
	}
}

func TestDiffOfRubbish(t *testing.T) {
	good, bad := diffFolder(map[string]string{"a 1-0-0": `{}`}), diffFolder(map[string]string{"a 1-0-0": `{`})
	if _, err := Diff(good, bad); err == nil || !strings.Contains(err.Error(), "reading the newer schemas: com.acme/a/jsonschema/1-0-0:1:2") {
		t.Errorf("got %v", err)
	}
	if _, err := Diff(bad, good); err == nil || !strings.Contains(err.Error(), "older") {
		t.Errorf("got %v", err)
	}
}
