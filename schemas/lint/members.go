package lint

import (
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// checkMembers finds members that are declared where no object may have them:
// additionalProperties looks only at the properties beside it, not at those of
// other branches, which surprises everyone once.
func (d *document) checkMembers(s *node) {
	d.checkNames(s)
	conjuncts := append([]*node{s}, branches(s, "allOf")...)
	for _, keyword := range []string{"then", "else"} {
		if sub := s.get(keyword); sub != nil {
			conjuncts = append(conjuncts, sub)
		}
	}
	alternatives := append(branches(s, "anyOf"), branches(s, "oneOf")...)
	for i, closed := range conjuncts {
		if !isClosed(closed) || i > 0 && (closed.parent == s) { // then and else close only sometimes
			continue
		}
		for _, other := range append(conjuncts[:len(conjuncts):len(conjuncts)], alternatives...) {
			if other == closed || other.kind != object {
				continue
			}
			d.checkShutOut(closed, other, other == s || slices.Contains(branches(s, "allOf"), other))
		}
	}
}

// isClosed reports whether an object that conforms has no members but those in properties.
func isClosed(s *node) bool {
	return s.kind == object && isFalse(s.get("additionalProperties")) && s.get("patternProperties") == nil && s.get("$ref") == nil
}

// checkShutOut finds members of other that closed, which applies to the same
// object, forbids. Always says that other applies whenever closed does.
func (d *document) checkShutOut(closed, other *node, always bool) {
	allowed := closed.get("properties")
	forbidden := func(name string) bool { return allowed == nil || allowed.get(name) == nil }
	where := closed.get("additionalProperties").pointer()
	if required := other.get("required"); required != nil && required.kind == array {
		for _, name := range required.items {
			switch {
			case !forbidden(name.text):
			case always:
				d.add(Error, "bounds", name, "%q is required here and forbidden by %s: nothing is valid", name.text, where)
			default:
				d.add(Warning, "unreachable", name, "%q is forbidden by %s: what requires it never holds", name.text, where)
			}
		}
	}
	if properties := other.get("properties"); properties != nil {
		for _, m := range properties.members {
			if forbidden(m.name) && !isFalse(m.value) {
				d.add(Warning, "unreachable", m.value, "%q is forbidden by %s, which sees only the properties beside it", m.name, where)
			}
		}
	}
}

// checkNames finds properties that the schema's own rules about names or the
// number of members forbid.
func (d *document) checkNames(s *node) {
	properties := s.get("properties")
	if properties == nil || properties.kind != object {
		return
	}
	if most := s.get("maxProperties"); most != nil && compare(most, integer(0)) == 0 && len(properties.members) > 0 {
		d.add(Warning, "unreachable", properties, "maxProperties 0 forbids every property")
		return
	}
	names := s.get("propertyNames")
	if names == nil || d.draft < draft6 {
		return
	}
	for _, m := range properties.members {
		if why := refuses(names, m.name); why != "" {
			d.add(Warning, "unreachable", m.value, "propertyNames forbids %q: %s", m.name, why)
		}
	}
}

// refuses says which keyword of propertyNames a name breaks, "" for none.
func refuses(names *node, name string) string {
	if isFalse(names) {
		return "it is false"
	}
	length := integer(utf8.RuneCountInString(name))
	if least := names.get("minLength"); compare(length, least) < 0 {
		return "minLength is " + least.text
	}
	if most := names.get("maxLength"); compare(length, most) > 0 {
		return "maxLength is " + most.text
	}
	if enum := names.get("enum"); enum != nil && !slices.ContainsFunc(enum.items, func(v *node) bool { return v.kind == text && v.text == name }) {
		return "it is not in enum"
	}
	if source := names.str("pattern"); source != "" {
		if re, err := regexp.Compile(source); err == nil && !re.MatchString(name) {
			return "it does not match " + strconv.Quote(source)
		}
	}
	return ""
}
