package decimal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
	"weir/schemas/validate/decimal"
)

// TestSuite runs what the JSON Schema Test Suite says about numbers: the required
// numeric keywords and the optional large and overflowing numbers. Nothing is
// skipped.
func TestSuite(t *testing.T) {
	root := filepath.Join(need.Data(t, "JSON-Schema-Test-Suite"), "tests")
	files := []string{"multipleOf.json", "minimum.json", "maximum.json", "optional/bignum.json", "optional/float-overflow.json"}
	for _, draft := range []string{"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"} {
		files := files
		if draft == "draft4" {
			files = append(files, "optional/zeroTerminatedFloats.json")
		} else {
			files = append(files, "exclusiveMinimum.json", "exclusiveMaximum.json")
		}
		passed := 0
		for _, file := range files {
			b, err := os.ReadFile(filepath.Join(root, draft, file))
			if err != nil {
				t.Fatal(err)
			}
			var groups []struct {
				Description string
				Schema      map[string]any
				Tests       []struct {
					Description string
					Data        any
					Valid       bool
				}
			}
			d := json.NewDecoder(bytes.NewReader(b))
			d.UseNumber() // keeps the token
			if err := d.Decode(&groups); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			for _, group := range groups {
				for _, test := range group.Tests {
					if got := valid(t, group.Schema, test.Data, draft == "draft4"); got != test.Valid {
						t.Errorf("%s/%s: %s: %s: %v, want %v", draft, file, group.Description, test.Description, got, test.Valid)
						continue
					}
					passed++
				}
			}
		}
		if passed < 35 {
			t.Errorf("%s: only %d cases", draft, passed)
		}
		t.Logf("%s: %d passed", draft, passed)
	}
}

// valid evaluates the keywords that the files above use.
func valid(t *testing.T, schema map[string]any, data any, draft4 bool) bool {
	token, isNumber := data.(json.Number)
	var v decimal.Number
	if isNumber {
		v = parse(t, string(token))
	}
	for keyword, arg := range schema {
		bound := decimal.Number{}
		if n, ok := arg.(json.Number); ok {
			bound = parse(t, string(n))
		}
		ok := true
		switch keyword {
		case "$schema":
		case "type":
			switch arg {
			case "integer":
				ok = isNumber && (draft4 && decimal.IsIntegerToken([]byte(token)) || !draft4 && v.IsInteger())
			case "number":
				ok = isNumber
			case "string":
				_, ok = data.(string)
			default:
				t.Fatalf("type %v is not for here", arg)
			}
		case "minimum":
			c := decimal.Compare(v, bound)
			ok = !isNumber || c > 0 || c == 0 && schema["exclusiveMinimum"] != true
		case "maximum":
			c := decimal.Compare(v, bound)
			ok = !isNumber || c < 0 || c == 0 && schema["exclusiveMaximum"] != true
		case "exclusiveMinimum":
			ok = !isNumber || draft4 || decimal.Compare(v, bound) > 0
		case "exclusiveMaximum":
			ok = !isNumber || draft4 || decimal.Compare(v, bound) < 0
		case "multipleOf":
			ok = !isNumber || decimal.MultipleOf(v, bound)
		default:
			t.Fatalf("keyword %s is not for here", keyword)
		}
		if !ok {
			return false
		}
	}
	return true
}
