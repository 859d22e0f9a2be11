package format

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// entity is one entity of an event.
type entity struct {
	from, to int    // its name in snowplow.names: what follows "contexts" in the member's
	data     string // JSON
}

// collect takes up the entities of an array.
func (s *snowplow) collect(array string) {
	list := gjson.Result{Type: gjson.JSON, Raw: array}
	list.ForEach(func(_, v gjson.Result) bool {
		schema, data := schemaAndData(v)
		n := len(s.names)
		s.names = appendName(s.names, schema)
		if len(s.names) == n || data == "" {
			s.names, s.odd = s.names[:n], append(s.odd, v.Raw)
		} else {
			s.entities = append(s.entities, entity{n, len(s.names), data})
		}
		return true
	})
}

// appendEntities appends what was collected, a member for each name, and a comma behind each.
func (s *snowplow) appendEntities(line []byte) []byte {
	name := func(e entity) []byte { return s.names[e.from:e.to] }
	if len(s.entities) > 1 {
		slices.SortStableFunc(s.entities, func(a, b entity) int { return bytes.Compare(name(a), name(b)) })
	}
	for i, e := range s.entities {
		if i == 0 || !bytes.Equal(name(e), name(s.entities[i-1])) {
			line = append(append(append(line, `"contexts`...), name(e)...), `":[`...)
		}
		line = append(line, e.data...)
		if i+1 == len(s.entities) || !bytes.Equal(name(e), name(s.entities[i+1])) {
			line = append(line, ']')
		}
		line = append(line, ',')
	}
	for i, e := range s.odd {
		if i == 0 {
			line = append(line, `"contexts":[`...)
		}
		line = append(line, e...)
		if i+1 == len(s.odd) {
			line = append(line, ']')
		}
		line = append(line, ',')
	}
	return line
}

// schemaAndData reads a self-describing object; what it lacks is empty. Of
// members of one name the last counts, as in most parsers.
func schemaAndData(object gjson.Result) (schema, data string) {
	if !object.IsObject() {
		return "", ""
	}
	object.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "schema":
			schema = value.Str
		case "data":
			data = value.Raw
		}
		return true
	})
	return schema, data
}

// appendName appends what the analytics SDKs make of a schema key, nothing if
// it is none: iglu:com.acme-inc/addToCart/jsonschema/2-0-1 is
// _com_acme_inc_add_to_cart_2.
func appendName(dst []byte, key string) []byte {
	rest, ok := strings.CutPrefix(key, "iglu:")
	vendor, rest, ok1 := strings.Cut(rest, "/")
	name, rest, ok2 := strings.Cut(rest, "/")
	format, version, ok3 := strings.Cut(rest, "/")
	model, additions, ok4 := strings.Cut(version, "-")
	revision, addition, ok5 := strings.Cut(additions, "-")
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 || !ok5 ||
		!isWord(vendor, ".") || !isWord(name, "") || !isWord(format, "") ||
		!isNumber(model) || model == "0" || !isNumber(revision) || !isNumber(addition) {
		return dst
	}
	dst = append(dst, '_')
	for _, c := range []byte(vendor) {
		dst = append(dst, lower(c))
	}
	dst = append(dst, '_')
	for i, c := range []byte(name) {
		// A capital begins a word, but not within capitals: myURL is my_url.
		if isUpper(c) && i > 0 && !isUpper(name[i-1]) && name[i-1] != '_' && name[i-1] != '-' {
			dst = append(dst, '_')
		}
		dst = append(dst, lower(c))
	}
	return append(append(dst, '_'), model...)
}

func isWord(s, more string) bool {
	for _, c := range []byte(s) {
		if !isUpper(c) && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return s != ""
}

func isNumber(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s == "0" || s != "" && s[0] != '0'
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }

func lower(c byte) byte {
	switch {
	case isUpper(c):
		return c + 'a' - 'A'
	case c == '.' || c == '-':
		return '_'
	}
	return c
}
