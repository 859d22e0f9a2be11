package lint

import (
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"weir/schemas/validate/decimal"
)

// pairs are lower and upper bounds of the same thing.
var pairs = [][2]string{
	{"minimum", "maximum"}, {"minLength", "maxLength"}, {"minItems", "maxItems"},
	{"minProperties", "maxProperties"}, {"minContains", "maxContains"},
}

// jsonTypes are the values of "type".
var jsonTypes = []string{"null", "boolean", "integer", "number", "string", "array", "object"}

// checkBounds finds keywords that contradict each other, so that nothing can
// be valid, or something that was meant to be.
func (d *document) checkBounds(s *node) {
	for _, pair := range pairs {
		low, high := s.get(pair[0]), s.get(pair[1])
		if compare(low, high) > 0 {
			d.add(Error, "bounds", low, "%s %s is above %s %s: nothing is valid", pair[0], low.text, pair[1], high.text)
		}
	}
	types := typesOf(s)
	for _, t := range types {
		if !slices.Contains(jsonTypes, t) {
			d.add(Error, "bounds", s.get("type"), "%q is not a type%s", t, didYouMean(t, jsonTypes))
		}
	}
	if enum := s.get("enum"); enum != nil {
		if len(enum.items) == 0 {
			d.add(Error, "bounds", enum, "enum is empty: nothing is valid")
		}
		for _, value := range enum.items {
			if len(types) > 0 && !slices.ContainsFunc(types, func(t string) bool { return hasType(value, t) }) {
				d.add(Error, "bounds", value, "the enum allows %s, the type %s does not", value.kind, strings.Join(types, ", "))
			}
		}
	}
	if step := s.get("multipleOf"); step != nil && step.kind == number && compare(step, &node{kind: number, text: "0"}) <= 0 {
		d.add(Error, "bounds", step, "multipleOf %s must be above 0", step.text)
	}
	d.checkRequired(s)
}

// checkRequired finds members that are required and forbidden.
func (d *document) checkRequired(s *node) {
	required, properties := s.get("required"), s.get("properties")
	if required == nil || required.kind != array {
		return
	}
	if most := s.get("maxProperties"); compare(&node{kind: number, text: strconv.Itoa(len(required.items))}, most) > 0 {
		d.add(Error, "bounds", most, "maxProperties %s is below the %d required: nothing is valid", most.text, len(required.items))
	}
	for _, name := range required.items {
		switch {
		case properties != nil && properties.get(name.text) != nil:
		case isFalse(s.get("additionalProperties")) && s.get("patternProperties") == nil:
			d.add(Error, "bounds", name, "%q is required but not among the properties, and additionalProperties forbids others: nothing is valid", name.text)
		case properties != nil && s.get("patternProperties") == nil && didYouMean(name.text, names(properties)) != "":
			d.add(Warning, "bounds", name, "%q is required but not among the properties%s", name.text, didYouMean(name.text, names(properties)))
		}
	}
}

// checkUnbounded finds strings and arrays of any length: an edge must hold
// them, and a column has no width. One finding a schema names them all.
func (d *document) checkUnbounded() {
	var texts, arrays []*node
	var visit func(s *node)
	visit = func(s *node) {
		if s.kind != object {
			return
		}
		types := typesOf(s)
		if slices.Contains(types, "string") && longest(s) < 0 {
			texts = append(texts, s)
		}
		if slices.Contains(types, "array") && s.get("maxItems") == nil && s.get("enum") == nil && s.get("const") == nil && !tuple(s) {
			arrays = append(arrays, s)
		}
		for _, sub := range subschemas(s) {
			visit(sub)
		}
	}
	visit(d.tree)
	d.addUnbounded(texts, "string", "maxLength")
	d.addUnbounded(arrays, "array", "maxItems")
}

// tuple reports whether the array has a place for each item and no others.
func tuple(s *node) bool {
	items := s.get("items")
	return isFalse(items) || items != nil && items.kind == array && isFalse(s.get("additionalItems"))
}

func (d *document) addUnbounded(unbounded []*node, what, keyword string) {
	switch n := len(unbounded); {
	case n == 1:
		d.add(Warning, "unbounded", unbounded[0], "the %s has no %s", what, keyword)
	case n > 1:
		var where []string
		for _, s := range unbounded[:min(n, 4)] {
			where = append(where, s.pointer())
		}
		if n > len(where) {
			where = append(where, "…")
		}
		d.add(Warning, "unbounded", unbounded[0], "%d %ss have no %s: %s", n, what, keyword, strings.Join(where, ", "))
	}
}

// boundedFormats admit no value longer than this many characters.
var boundedFormats = map[string]int{
	"date": 10, "uuid": 36, "ipv4": 15, "ipv6": 45, "date-time": 64, "time": 64, "hostname": 253,
}

// longest is how many characters a string schema admits, -1 for any number.
func longest(s *node) int {
	most := -1
	lower := func(n int) {
		if n >= 0 && (most < 0 || n < most) {
			most = n
		}
	}
	if v := s.get("maxLength"); v != nil && v.kind == number {
		if n, err := strconv.Atoi(v.text); err == nil {
			lower(n)
		}
	}
	if n, ok := boundedFormats[s.str("format")]; ok {
		lower(n)
	}
	if values := s.get("enum"); values != nil {
		n := 0
		for _, value := range values.items {
			n = max(n, len([]rune(value.text)))
		}
		lower(n)
	}
	if value := s.get("const"); value != nil {
		lower(len([]rune(value.text)))
	}
	if source := s.str("pattern"); source != "" {
		if re, err := syntax.Parse(source, syntax.Perl); err == nil && anchored(re) {
			lower(longestMatch(re))
		}
	}
	return most
}

// anchored reports whether the expression matches whole strings only.
func anchored(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !anchored(sub) })
	case syntax.OpCapture:
		return anchored(re.Sub[0])
	case syntax.OpConcat:
		return re.Sub[0].Op == syntax.OpBeginText && re.Sub[len(re.Sub)-1].Op == syntax.OpEndText
	}
	return false
}

// longestMatch is how many characters the expression can match, -1 for any number.
func longestMatch(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpStar, syntax.OpPlus:
		return -1
	case syntax.OpRepeat:
		n := longestMatch(re.Sub[0])
		if n < 0 || re.Max < 0 {
			return -1
		}
		return n * re.Max
	case syntax.OpAlternate, syntax.OpConcat, syntax.OpCapture, syntax.OpQuest:
		total := 0
		for _, sub := range re.Sub {
			n := longestMatch(sub)
			switch {
			case n < 0:
				return -1
			case re.Op == syntax.OpAlternate:
				total = max(total, n)
			default:
				total += n
			}
		}
		return total
	}
	return 0
}

// compare compares two numbers exactly; a missing one is equal to anything.
func compare(a, b *node) int {
	if a == nil || b == nil || a.kind != number || b.kind != number {
		return 0
	}
	x, ok := decimal.Parse([]byte(a.text))
	y, ok2 := decimal.Parse([]byte(b.text))
	if !ok || !ok2 {
		return 0
	}
	return decimal.Compare(x, y)
}

func hasType(value *node, t string) bool {
	switch value.kind {
	case null:
		return t == "null"
	case boolean:
		return t == "boolean"
	case number:
		return t == "number" || t == "integer" && !strings.ContainsAny(value.text, ".eE")
	case text:
		return t == "string"
	case array:
		return t == "array"
	}
	return t == "object"
}

func isFalse(n *node) bool { return n != nil && n.kind == boolean && n.text == "false" }

func names(object *node) (list []string) {
	for _, m := range object.members {
		list = append(list, m.name)
	}
	return list
}
