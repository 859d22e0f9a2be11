package privacy

import (
	"errors"
	"strconv"

	"weir/schemas/scan"
)

// Action is what happens to a value before it leaves the edge. Its JSON form is
// that of the annotation x-weir-privacy: {"action":"mask","keepEnd":3}. The zero
// Action is drop.
type Action struct {
	kind               kind
	keepStart, keepEnd int // of mask: code points
	length             int // of truncate: code points
	decimals           int // of truncate; -1 for none
	prefix4, prefix6   int // of truncate: bits; -1 for none
	unit               unit
	finds              finds
	to                 class
	as                 form
	parameters         []string // of scrub: names in a URL, lower case, '*' standing for any run of characters
	with               string   // of replace
	scratch            []byte
}

type kind uint8

const (
	kindDrop kind = iota
	kindHash
	kindReplace
	kindMask
	kindGeneralise
	kindTruncate
	kindScrub
	kindKeep
)

var kinds = [...]string{"drop", "hash", "replace", "mask", "generalise", "truncate", "scrub", "keep"}

// Name is the name of the action, as receipts tell it.
func (a *Action) Name() string { return kinds[a.kind] }

// Keeps reports whether the action leaves every value as it is.
func (a *Action) Keeps() bool { return a.kind == kindKeep }

// Stricter reports whether a goes before b where both are for a value.
func (a *Action) Stricter(b *Action) bool { return a.kind < b.kind }

// Scrubs reports whether the action is for the texts within a value, and not for the value as a whole.
func (a *Action) Scrubs() bool { return a.kind == kindScrub }

// unit is a unit of time.
type unit uint8

const (
	noUnit unit = iota
	minute
	hour
	day
	month
	year
)

var units = [...]string{minute: "minute", hour: "hour", day: "day", month: "month", year: "year"}

// finds is what to look for in a text, as bits.
type finds uint8

const (
	findEmail finds = 1 << iota
	findPhone
	findCard
)

// class is what a value is generalised to.
type class uint8

const (
	noClass class = iota
	decade
	family
	origin
)

var classes = [...]string{decade: "decade", family: "family", origin: "origin"}

// form is how a hash is made.
type form uint8

const (
	keyed     form = iota // HMAC-SHA-256 with the key
	snowplows             // as Snowplow's enrichment pseudonymises: SHA-256 of the text and the salt behind it
)

var forms = [...]string{"hmac", "snowplow"}

// options are the members of an action, and the actions that take each;
// unknownKind stands for all.
var options = [...]struct {
	name string
	of   kind
}{
	{"action", unknownKind}, {"personal", unknownKind}, {"why", unknownKind},
	{"as", kindHash}, {"with", kindReplace}, {"keepStart", kindMask}, {"keepEnd", kindMask}, {"to", kindGeneralise},
	{"length", kindTruncate}, {"decimals", kindTruncate}, {"prefix4", kindTruncate}, {"prefix6", kindTruncate}, {"unit", kindTruncate},
	{"find", kindScrub}, {"parameters", kindScrub},
}

// ParseAction reads an action. Members named personal and why are for people and
// are passed over. Whoever cannot read an action must drop the value.
func ParseAction(json []byte) (Action, error) {
	s := scan.New(json)
	p := actionParser{Action: Action{decimals: -1, prefix4: -1, prefix6: -1, kind: unknownKind}, s: &s}
	if s.Kind() != scan.Object {
		return Action{}, errors.New(`must be an object such as {"action":"drop"}`)
	}
	var key scan.Text
	for s.Object(); p.err == "" && s.Member(&key); {
		p.member(string(key.Append(nil)))
	}
	switch {
	case p.err != "":
		return Action{}, errors.New(p.err)
	case !s.End():
		return Action{}, s.Err()
	}
	if err := p.check(); err != "" {
		return Action{}, errors.New(err)
	}
	return p.Action, nil
}

const unknownKind = kind(len(kinds))

type actionParser struct {
	Action
	s     *scan.Scanner
	given uint32 // of options, by index
	err   string
}

func (p *actionParser) member(name string) {
	for i := range options {
		if options[i].name != name {
			continue
		}
		if p.given&(1<<i) != 0 {
			p.fail(name + " occurs twice")
		}
		p.given |= 1 << i
	}
	switch name {
	case "action":
		p.kind = kind(p.choice(kinds[:], "action"))
	case "keepStart":
		p.keepStart = p.number(0, 1<<16, name)
	case "keepEnd":
		p.keepEnd = p.number(0, 1<<16, name)
	case "length":
		p.length = p.number(1, 1<<20, name)
	case "decimals":
		p.decimals = p.number(0, 20, name)
	case "prefix4":
		p.prefix4 = p.number(0, 32, name)
	case "prefix6":
		p.prefix6 = p.number(0, 128, name)
	case "unit":
		p.unit = unit(p.choice(units[:], name))
	case "to":
		p.to = class(p.choice(classes[:], name))
	case "as":
		p.as = form(p.choice(forms[:], name))
	case "with":
		p.with = p.text(name)
	case "find":
		p.list(name, func() {
			p.finds |= 1 << p.choice([]string{"email", "phone", "card"}, name)
		})
	case "parameters":
		p.list(name, func() { p.parameters = append(p.parameters, lower(p.text(name))) })
	case "personal", "why":
		p.s.Skip()
	default:
		p.fail("there is no option " + name)
	}
}

// check reports what an action lacks.
func (p *actionParser) check() string {
	if p.kind == unknownKind {
		return "action must be one of drop, hash, replace, mask, generalise, truncate, scrub, keep"
	}
	for i, o := range options {
		if p.given&(1<<i) != 0 && o.of != unknownKind && o.of != p.kind {
			return p.Name() + " takes no option " + o.name
		}
	}
	switch p.kind {
	case kindTruncate:
		if p.length == 0 && p.decimals < 0 && p.prefix4 < 0 && p.prefix6 < 0 && p.unit == noUnit {
			return "truncate needs length, decimals, prefix4, prefix6 or unit"
		}
		if p.prefix4 < 0 && p.prefix6 >= 0 {
			p.prefix4 = 0
		}
		if p.prefix6 < 0 && p.prefix4 >= 0 {
			p.prefix6 = 0
		}
	case kindGeneralise:
		if p.to == noClass {
			return "generalise needs to: decade, family or origin"
		}
	case kindScrub:
		if p.finds == 0 && len(p.parameters) == 0 {
			return "scrub needs find or parameters"
		}
	}
	return ""
}

func (p *actionParser) fail(message string) {
	if p.err == "" {
		p.err = message
	}
}

func (p *actionParser) text(name string) string {
	var t scan.Text
	if p.s.Kind() != scan.String || !p.s.String(&t) {
		p.fail(name + " must be a string")
		return ""
	}
	return string(t.Append(nil))
}

func (p *actionParser) choice(names []string, option string) int {
	text := p.text(option)
	for i, name := range names {
		if name != "" && name == text {
			return i
		}
	}
	all := ""
	for _, name := range names {
		if name != "" {
			all += " " + name
		}
	}
	p.fail(option + " must be one of" + all)
	return 0
}

func (p *actionParser) number(least, most int, name string) int {
	n, err := strconv.Atoi(string(p.s.Skip()))
	if err != nil || n < least || n > most {
		p.fail(name + " must be an integer from " + strconv.Itoa(least) + " to " + strconv.Itoa(most))
	}
	return n
}

func (p *actionParser) list(name string, item func()) {
	if p.s.Kind() != scan.Array {
		p.fail(name + " must be an array of strings")
		return
	}
	for p.s.Array(); p.err == "" && p.s.Item(); {
		item()
	}
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c-'A' < 26 {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
