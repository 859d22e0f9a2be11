package main

import (
	"fmt"
	"slices"
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/schemas/lint"
)

// audit finds out what happens to fields, without an event.
type audit struct {
	policy  *policy
	app     string // for which alone; empty for all
	entries []entry
}

// personal columns, and what kind of data they are.
var personalColumns = map[envelope.Field]string{
	envelope.UserID: "identifier", envelope.UserIPAddress: "address", envelope.UserFingerprint: "identifier", envelope.DomainUserID: "identifier",
	envelope.NetworkUserID: "identifier", envelope.DomainSessionID: "identifier", envelope.RefrDomainUserID: "identifier", envelope.TxnID: "identifier",
	envelope.PageURL: "URL", envelope.PageReferrer: "URL", envelope.UserAgent: "device",
}

// columns lists the canonical columns that hold no document.
func columns() (list []envelope.Field) {
	for f := range envelope.Field(envelope.NumFields) {
		if f.Kind() != envelope.Object && f.Kind() != envelope.Array {
			list = append(list, f)
		}
	}
	return list
}

func (p *policy) prefixes() string {
	return fmt.Sprintf("addresses are cut to /%d and /%d", p.rules.IPv4Prefix, p.rules.IPv6Prefix)
}

func (p *policy) precision() string { return "location no finer than " + p.rules.Geo.String() }

func (a *audit) column(f envelope.Field) {
	e := entry{Field: f.Name(), Personal: personalColumns[f], Does: []effect{}}
	decided := false
	for i := range a.policy.rules.Policy {
		r := &a.policy.rules.Policy[i]
		if !r.MeansColumn(f) || a.app != "" && !privacy.Listed(r.Apps, a.app) {
			continue
		}
		when := a.when(r)
		decided = decided || when == ""
		e.Does = append(e.Does, effect{Action: a.action(i), Kind: "rule", By: r.Name, When: when})
	}
	switch {
	case f == envelope.UserIPAddress && (a.policy.rules.IPv4Prefix < 32 || a.policy.rules.IPv6Prefix < 128):
		e.Does = append(e.Does, effect{Action: "truncate", Kind: "default", By: "ip-prefix", Why: a.policy.prefixes()})
		decided = true
	case f == envelope.NetworkUserID && a.policy.daily:
		e.Does = append(e.Does, effect{Action: "hash", Kind: "default", By: "daily-visitor"})
		decided = true
	case derivedFrom(f.Name()) != "" && e.Personal == "":
		e.Does = append(e.Does, effect{Action: "derive", Kind: "default", Why: "from " + derivedFrom(f.Name())})
	}
	e.Does = append(e.Does, a.signals(f == envelope.NetworkUserID, f == envelope.NetworkUserID || f == envelope.UserIPAddress, privacy.Identifies(f))...)
	if e.Personal != "" && !decided {
		e.Fault = "is personal, and leaves as it was sent unless a signal forbids it"
	}
	a.entries = append(a.entries, e)
}

// signals are what the table of signals does to a column, or a member of an
// entity, by which visitors are known again. hidden is one that anonymous
// visitors do not have at all. What drops whole events is told once, for all.
func (a *audit) signals(replaced, hidden, identifies bool) (list []effect) {
	for _, line := range a.lines() {
		if line.Do == privacy.DropEvent || line.Do < privacy.Anonymise || !hidden && (line.Do == privacy.Anonymise || !identifies) {
			continue
		}
		action := "drop"
		if replaced {
			action = "replace"
		}
		list = append(list, effect{Action: action, Kind: "signal", By: line.Name, When: a.holds(line)})
	}
	return list
}

// lines are those of the table of signals, and the one that is always there.
func (a *audit) lines() (list []privacy.SignalRule) {
	lines := append(slices.Clone(a.policy.rules.Signals), privacy.SignalRule{Name: "sp-anonymous", Signals: privacy.SPAnonymous, Do: privacy.Anonymise})
	for _, line := range lines {
		if a.app == "" || privacy.Listed(line.Apps, a.app) {
			list = append(list, line)
		}
	}
	return list
}

// holds says when a line of the table holds.
func (a *audit) holds(line privacy.SignalRule) string {
	text := strings.Join(line.Signals.Names(), " or ")
	if text == "" {
		text = "always"
	}
	if len(line.Regions) > 0 {
		text += ", in " + strings.Join(line.Regions, " ")
	}
	if len(line.Apps) > 0 && a.app == "" {
		text += ", apps " + strings.Join(line.Apps, " ")
	}
	return text
}

// location says what is left of where the CDN sees the visitor.
func (a *audit) location() {
	whole := envelope.Location{Country: "-", Region: "-", City: "-", Continent: "-", Timezone: "-", Latitude: "-", Longitude: "-", ASN: "-", ASOrg: "-", Colo: "-"}
	rules := a.policy.rules
	left := rules.Locate(whole)
	rules.Treat(privacy.Anonymise, "")
	anonymous := rules.Locate(whole)
	for _, part := range []struct {
		name            string
		left, anonymous string
	}{
		{"country", left.Country, anonymous.Country}, {"region", left.Region, anonymous.Region}, {"city", left.City, anonymous.City},
		{"continent", left.Continent, anonymous.Continent}, {"timezone", left.Timezone, anonymous.Timezone}, {"latitude", left.Latitude, anonymous.Latitude},
		{"longitude", left.Longitude, anonymous.Longitude}, {"asn", left.ASN, anonymous.ASN}, {"as_org", left.ASOrg, anonymous.ASOrg}, {"colo", left.Colo, anonymous.Colo},
	} {
		e := entry{Field: "weir.edge." + part.name, Does: []effect{}}
		if part.left == "" {
			e.Does = append(e.Does, effect{Action: "drop", Kind: "default", By: "geo-precision", Why: a.policy.precision()})
		}
		if part.anonymous == "" {
			e.Does = append(e.Does, a.signals(false, true, false)...)
		}
		a.entries = append(a.entries, e)
	}
}

// when says whom alone a rule is for.
func (a *audit) when(r *privacy.Rule) string {
	var parts []string
	if len(r.Apps) > 0 && a.app == "" {
		parts = append(parts, "apps "+strings.Join(r.Apps, " "))
	}
	if len(r.Protocols) > 0 {
		parts = append(parts, "protocols "+strings.Join(r.Protocols, " "))
	}
	return strings.Join(parts, ", ")
}

// action describes what rule i does.
func (a *audit) action(i int) string { return described(string(a.policy.text.Privacy.Rules[i].Do)) }

// field decides about a field of a schema as the edge does: from the document
// inwards, the strictest of what stands at each step and above it. A document
// or list that something is to happen to as a whole is dropped.
func (a *audit) field(f lint.Field) error {
	e := entry{Schema: f.Schema, Field: strings.Join(f.Path, "."), File: f.File, Line: f.Line, Column: f.Column, Personal: f.Marked, Does: []effect{}}
	if e.Personal == "" && f.Looks {
		e.Personal = "by its name"
	}
	var always *privacy.Action // for every event
	path, partly := "", false
	for depth, annotation := range f.Annotations {
		if depth > 0 {
			path += "." + f.Path[depth-1]
		}
		within := depth < len(f.Annotations)-1
		var here *privacy.Action
		var does []effect
		if annotation != "" {
			action, err := privacy.ParseAction([]byte(annotation))
			one := effect{Action: described(annotation), Kind: "annotation", Why: reason(annotation)}
			if err != nil && one.Action == "" {
				// Marked only: the edge drops what it cannot read, and lint warns of it.
				one.Action, one.Why, err = "drop", "no action is given", nil
				e.Fault = "is marked as personal, but no action says what happens to it: the edge drops it"
			}
			if err != nil {
				return fmt.Errorf("%s:%d:%d: x-weir-privacy: %w", f.File, f.Line, f.Column, err)
			}
			here = &action
			does = append(does, one)
		}
		for i := range a.policy.rules.Policy {
			r := &a.policy.rules.Policy[i]
			if !r.Means(f.Schema, path) || a.app != "" && !privacy.Listed(r.Apps, a.app) {
				continue
			}
			one := effect{Action: a.action(i), Kind: "rule", By: r.Name, When: a.when(r)}
			if one.When != "" {
				partly = true
				does = append(does, one)
				continue
			}
			e.Fault = ""
			if here == nil || r.Action.Stricter(here) {
				here = &r.Action
				does = append([]effect{one}, does...)
			} else {
				does = append(does, one)
			}
		}
		if here != nil && (always == nil || here.Stricter(always) || here.Keeps()) {
			always = here
			e.Does = append(does, e.Does...)
		} else {
			e.Does = append(e.Does, does...)
		}
		if within && always != nil && !always.Keeps() && !always.Scrubs() {
			e.Does[0] = effect{Action: "drop", Kind: e.Does[0].Kind, By: e.Does[0].By, Why: "with " + pathOrDocument(path)}
			break
		}
	}
	e.Does = append(e.Does, a.signals(false, false, privacy.IdentifiesIn(f.Schema, path))...)
	switch {
	case always != nil || e.Fault != "":
	case e.Personal != "" && partly:
		e.Fault = "is personal (" + e.Personal + "), and rules decide about it for some events only"
	case e.Personal != "":
		e.Fault = "is personal (" + e.Personal + "), and nothing says what happens to it: annotate it with x-weir-privacy, or add a rule"
	}
	a.entries = append(a.entries, e)
	return nil
}

func pathOrDocument(path string) string {
	if path == "" {
		return "the whole document"
	}
	return path[1:]
}
