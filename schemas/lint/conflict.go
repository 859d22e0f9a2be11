package lint

import (
	"slices"
	"strings"
)

// checkConflicts finds keywords that together leave nothing valid.
func (d *document) checkConflicts(s *node) {
	types := typesOf(s)
	low, lowOpen := lowest(s)
	high, highOpen := highest(s)
	switch c := compare(low, high); {
	case low == nil || high == nil:
	case c == 0 && (lowOpen || highOpen):
		d.add(Error, "bounds", low, "nothing lies between %s and %s, which are excluded", low.text, high.text)
	case c > 0 && (s.get("minimum") != low || s.get("maximum") != high): // else told by checkBounds
		d.add(Error, "bounds", low, "%s is above %s: nothing is valid", low.text, high.text)
	}
	if least := s.get("minLength"); least != nil && s.get("maxLength") == nil && len(types) == 1 && types[0] == "string" {
		if n := longest(s); n >= 0 && compare(least, integer(n)) > 0 {
			d.add(Error, "bounds", least, "minLength is %s, but the other keywords admit at most %d characters: nothing is valid", least.text, n)
		}
	}
	if required, properties := s.get("required"), s.get("properties"); required != nil && properties != nil {
		for _, name := range required.items {
			if isFalse(properties.get(name.text)) {
				d.add(Error, "bounds", name, "%q is required, and its schema is false: nothing is valid", name.text)
			}
		}
	}
	if value := s.get("const"); value != nil {
		if enum := s.get("enum"); enum != nil && !slices.ContainsFunc(enum.items, value.equal) {
			d.add(Error, "bounds", value, "const is not among the values of enum: nothing is valid")
		}
	}
	for _, branch := range branches(s, "allOf") {
		if other := typesOf(branch); disjoint(types, other) {
			d.add(Error, "bounds", branch, "asks for type %s, the schema around it for %s: nothing is valid", strings.Join(other, ", "), strings.Join(types, ", "))
		}
	}
}

// lowest returns the keyword's value that bounds numbers below, and whether the
// bound itself is excluded. In draft-04 exclusiveMinimum is a boolean beside minimum.
func lowest(s *node) (bound *node, open bool) {
	return bounded(s.get("minimum"), s.get("exclusiveMinimum"), 1)
}

func highest(s *node) (bound *node, open bool) {
	return bounded(s.get("maximum"), s.get("exclusiveMaximum"), -1)
}

func bounded(closed, open *node, sign int) (*node, bool) {
	switch {
	case open == nil:
		return closed, false
	case open.kind == boolean:
		return closed, closed != nil && open.text == "true"
	case closed == nil || sign*compare(open, closed) >= 0:
		return open, true
	}
	return closed, false
}

// branches are the schemas of allOf, anyOf or oneOf.
func branches(s *node, keyword string) []*node {
	if list := s.get(keyword); list != nil && list.kind == array {
		return list.items
	}
	return nil
}

// disjoint reports whether no value is of a type in both lists. An empty list
// stands for all types.
func disjoint(a, b []string) bool {
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(t string) bool {
		return admits(b, t) || t == "integer" && slices.Contains(b, "number")
	})
}
