package lint

import (
	"slices"
	"strconv"
	"strings"
)

// together are keywords that do nothing without one of some others.
var together = []struct {
	keyword string
	needs   []string
}{
	{"then", []string{"if"}},
	{"else", []string{"if"}},
	{"if", []string{"then", "else"}},
	{"minContains", []string{"contains"}},
	{"maxContains", []string{"contains"}},
	{"contentSchema", []string{"contentMediaType"}},
}

// checkReach finds keywords, branches and items that can never take effect.
func (d *document) checkReach(s *node) {
	for _, t := range together {
		if v := s.get(t.keyword); v != nil && keywords[t.keyword].since <= d.draft && !slices.ContainsFunc(t.needs, func(n string) bool { return s.get(n) != nil }) {
			d.add(Warning, "unreachable", v, "%s does nothing without %s", t.keyword, strings.Join(t.needs, " or "))
		}
	}
	if v, items := s.get("additionalItems"), s.get("items"); v != nil && (items == nil || items.kind != array) && d.draft < draft2020 {
		d.add(Warning, "unreachable", v, "additionalItems does nothing unless items is an array of schemas")
	}
	d.checkBranches(s, "anyOf")
	d.checkBranches(s, "oneOf")
	for _, keyword := range []string{"items", "prefixItems"} {
		list, most := s.get(keyword), s.get("maxItems")
		if list == nil || list.kind != array || most == nil {
			continue
		}
		for i, item := range list.items {
			if compare(integer(i), most) >= 0 {
				d.add(Warning, "unreachable", item, "maxItems %s leaves no place for item %d", most.text, i)
				break
			}
		}
	}
}

func (d *document) checkBranches(s *node, keyword string) {
	list := branches(s, keyword)
	types := typesOf(s)
	for i, branch := range list {
		earlier := slices.IndexFunc(list[:i], branch.equal)
		switch other := typesOf(branch); {
		case isFalse(branch):
			d.add(Warning, "unreachable", branch, "the branch is false: it never holds")
		case disjoint(types, other):
			d.add(Warning, "unreachable", branch, "the branch never holds: it asks for type %s, the schema around it for %s", strings.Join(other, ", "), strings.Join(types, ", "))
		case earlier >= 0 && keyword == "anyOf":
			d.add(Warning, "unreachable", branch, "the branch says the same as branch %d", earlier)
		case earlier >= 0:
			d.add(Warning, "unreachable", branch, "the branch says the same as branch %d: neither is ever the only one that holds", earlier)
		case keyword == "anyOf" && saysNothing(branch) && len(list) > 1:
			d.add(Warning, "unreachable", branch, "the branch accepts everything: anyOf asks for nothing")
		}
	}
}

func integer(n int) *node { return &node{kind: number, text: strconv.Itoa(n)} }
