package match

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
	tidwall "github.com/tidwall/match"

	"weir/edge/envelope"
)

// Condition is a comparison with a field of the envelope, as it is written in
// configuration:
//
//	geo_country == CH
//	unstruct_event.data.total >= 100
//	contexts.#(schema%"iglu:com.example/user/*").data.tier == "gold"
//	contexts.#.data.id == 7
//	user_id
//
// On the left stands a gjson path, with the whole of its syntax. The operators
// are == != < <= > >= and, for texts, % and !% with * and ? as wildcards. On
// the right stands text, in quotes if it is a number, true, false or null, or
// begins or ends with a space; else the JSON value.
//
// Texts are compared with texts, by their bytes, and numbers with numbers; of
// anything else only whether it is equal. A path to several values holds when
// one of them does. Of what is missing only != and !% are true. A path alone
// holds when there is something else than null and false.
type Condition struct {
	text string
	path string
	op   string // empty: the path alone
	want gjson.Result
}

// operators, the longer ones first.
var operators = []string{"==", "!=", "<=", ">=", "!%", "<", ">", "%", "="}

// UnmarshalText reads a condition. The error says which part of it is wrong.
func (c *Condition) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	*c = Condition{text: s, path: s}
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
			continue
		case '(', '[', '{', '"':
			end := closing(s, i)
			if end < 0 {
				return fmt.Errorf("%q: the %c at %d is not closed", s, s[i], i+1)
			}
			i = end
			continue
		}
		if op := operatorAt(s[i:]); op != "" {
			c.path, c.op = strings.TrimSpace(s[:i]), op
			if op == "=" {
				c.op = "=="
			}
			var err error
			if c.want, err = literal(strings.TrimSpace(s[i+len(op):])); err != nil {
				return fmt.Errorf("%q: %w", s, err)
			}
			break
		}
	}
	if (c.op == "%" || c.op == "!%") && c.want.Type != gjson.String {
		return fmt.Errorf("%q: %s compares with a text: write it in quotes", s, c.op)
	}
	if c.want.Type == gjson.Null && strings.ContainsAny(c.op, "<>") {
		return fmt.Errorf("%q: nothing is less or more than null", s)
	}
	return CheckPath(c.path)
}

// CheckPath reports whether a gjson path leads into an envelope: whether it
// begins with a member that envelopes have.
func CheckPath(path string) error {
	name := path
	if i := strings.IndexAny(path, ".|@#"); i >= 0 {
		name = path[:i]
	}
	if _, ok := envelope.FieldByName(name); !ok && name != "weir" {
		return fmt.Errorf("path %q: envelopes have no member %q; see the columns in sinks/columns/README.md", path, name)
	}
	return nil
}

func operatorAt(s string) string {
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// closing returns where the bracket or quote at s[from] is closed, or -1.
func closing(s string, from int) int {
	depth := 0
	for i := from; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			for i++; i < len(s) && s[i] != '"'; i++ {
				if s[i] == '\\' {
					i++
				}
			}
			if i >= len(s) {
				return -1
			}
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return -1
}

func literal(s string) (gjson.Result, error) {
	if s == "" {
		return gjson.Result{}, fmt.Errorf(`nothing to compare with; write "" for the empty text`)
	}
	if gjson.Valid(s) {
		v := gjson.Parse(s)
		if v.Type == gjson.JSON {
			return v, fmt.Errorf("%s is an object or array: compare one of its members", s)
		}
		return v, nil
	}
	if s[0] == '"' {
		return gjson.Result{}, fmt.Errorf("%s is not a text in quotes", s)
	}
	return gjson.Result{Type: gjson.String, Str: s, Raw: strconv.Quote(s)}, nil
}

// MarshalText returns the condition as it was written.
func (c Condition) MarshalText() ([]byte, error) { return []byte(c.text), nil }

func (c Condition) String() string { return c.text }

// Match reports whether the condition holds for an envelope, which must be
// valid JSON.
func (c Condition) Match(line []byte) bool {
	v := gjson.Get(envelope.View(line), c.path)
	switch c.op {
	case "":
		return truth(v)
	case "!=":
		return !c.any(v, equal)
	case "!%":
		return !c.any(v, like)
	case "==":
		return c.any(v, equal)
	case "%":
		return c.any(v, like)
	}
	return c.any(v, func(v, want gjson.Result) bool { return ordered(v, c.op, want) })
}

// truth reports whether there is a value that is neither null nor false; of
// several values, whether there is one.
func truth(v gjson.Result) bool {
	if v.IsArray() {
		return len(v.Array()) > 0
	}
	return v.Exists() && v.Type != gjson.Null && v.Type != gjson.False
}

func (c Condition) any(v gjson.Result, holds func(v, want gjson.Result) bool) bool {
	if !v.IsArray() {
		return holds(v, c.want)
	}
	found := false
	v.ForEach(func(_, item gjson.Result) bool {
		found = holds(item, c.want)
		return !found
	})
	return found
}

func equal(v, want gjson.Result) bool {
	if !v.Exists() || v.Type != want.Type {
		return false
	}
	switch v.Type {
	case gjson.String:
		return v.Str == want.Str
	case gjson.Number:
		return v.Num == want.Num
	}
	return v.Type != gjson.JSON
}

func like(v, want gjson.Result) bool {
	return v.Type == gjson.String && tidwall.Match(v.Str, want.Str)
}

func ordered(v gjson.Result, op string, want gjson.Result) bool {
	if !v.Exists() || v.Type != want.Type {
		return false
	}
	var order int
	switch v.Type {
	case gjson.String:
		order = strings.Compare(v.Str, want.Str)
	case gjson.Number:
		switch {
		case v.Num < want.Num:
			order = -1
		case v.Num > want.Num:
			order = 1
		}
	default:
		return false
	}
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
