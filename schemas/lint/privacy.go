package lint

import (
	"slices"
	"strings"
	"unicode"
)

// actions are what may happen to a field before it leaves the edge, each with
// the options it takes; see schemas/README.md.
var actions = map[string][]string{
	"keep":       {},
	"drop":       {},
	"hash":       {"as"},
	"replace":    {"with"},
	"mask":       {"keepStart", "keepEnd"},
	"truncate":   {"length", "decimals", "prefix4", "prefix6", "unit"},
	"scrub":      {"find", "parameters"},
	"generalise": {"to"},
}

// needs are the actions that do nothing without at least one of their options.
var needs = []string{"truncate", "scrub", "generalise"}

func (d *document) checkPrivacy(s *node) {
	if properties := s.get("properties"); properties != nil && properties.kind == object {
		for _, m := range properties.members {
			d.checkPersonal(m)
		}
	}
	rule := s.get(privacyKeyword)
	if rule == nil {
		return
	}
	if rule.kind != object {
		d.add(Error, "privacy", rule, `write {"action": "…"}, not %s`, rule.kind)
		return
	}
	action := rule.str("action")
	options, known := actions[action]
	switch {
	case rule.get("action") == nil && rule.get("personal") != nil:
		d.add(Warning, "privacy", rule, "marked as personal, but no action says what happens to it")
	case !known:
		d.add(Error, "privacy", rule, "action %q is not one of drop, generalise, hash, keep, mask, replace, scrub, truncate", action)
		return
	case action == "keep" && rule.str("why") == "":
		d.add(Error, "privacy", rule, `keeping a field needs a "why"`)
	}
	given := 0
	for _, m := range rule.members {
		switch {
		case slices.Contains([]string{"action", "personal", "why"}, m.name):
		case slices.Contains(options, m.name):
			given++
		default:
			d.add(Error, "privacy", m.value, "action %q takes no option %q%s", action, m.name, didYouMean(m.name, options))
		}
	}
	if given == 0 && slices.Contains(needs, action) {
		d.add(Error, "privacy", rule, "action %q needs one of %s", action, strings.Join(options, ", "))
	}
}

// personalWords mark a name as personal, alone or beside other words.
var personalWords = []string{
	"email", "mail", "phone", "telephone", "msisdn", "fax",
	"firstname", "lastname", "surname", "fullname", "username", "birthday", "birthdate", "birth", "dob",
	"street", "postcode", "zipcode", "zip", "postal", "address",
	"ssn", "passport", "iban", "latitude", "longitude", "ip", "ipaddress", "imei", "idfa", "password",
}

// personalPhrases do so only together: "first name", but not "name".
var personalPhrases = [][2]string{
	{"first", "name"}, {"last", "name"}, {"full", "name"}, {"user", "name"}, {"family", "name"}, {"given", "name"},
	{"ip", "address"}, {"user", "id"}, {"customer", "id"}, {"credit", "card"}, {"card", "number"}, {"account", "number"}, {"tax", "id"},
}

// checkPersonal warns of a field that looks personal and about which nobody decided.
func (d *document) checkPersonal(property member) {
	if looksNaked(property) {
		d.add(Warning, "personal", property.value, `%q looks personal: add "x-weir-privacy" to say what happens to it, or why it is kept`, property.name)
	}
}

// looksNaked reports whether a property looks personal and has no annotation.
func looksNaked(property member) bool {
	s := property.value
	if s.kind != object || s.get(privacyKeyword) != nil || s.get("properties") != nil {
		return false
	}
	if types := typesOf(s); len(types) > 0 && !admits(types, "string") && !admits(types, "number") {
		return false
	}
	return looksPersonal(property.name) || s.str("format") == "email"
}

func looksPersonal(name string) bool {
	words := split(name)
	for i, word := range words {
		if slices.Contains(personalWords, word) {
			return true
		}
		if i > 0 && slices.Contains(personalPhrases, [2]string{words[i-1], word}) {
			return true
		}
	}
	return false
}

// split cuts a name into lower-case words: clientIPAddress, client_ip_address, client-ip-address.
func split(name string) (words []string) {
	var word []rune
	flush := func() {
		if len(word) > 0 {
			words = append(words, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return words
}
