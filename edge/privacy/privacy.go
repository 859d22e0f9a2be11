// Package privacy removes personal data from events before they leave the
// edge. Its functions are pure, and every one of their actions leaves a
// receipt that names the rule and the field, never the value.
package privacy

import "weir/edge/envelope"

// Rules are the privacy rules of a collector. They are not safe for concurrent use.
type Rules struct {
	IPv4Prefix int // bits of an IPv4 address to keep, 0 to 32
	IPv6Prefix int // bits of an IPv6 address to keep, 0 to 128
	Geo        Precision
	Key        Key          // of hashes; without one, what should be hashed is dropped
	Policy     []Rule       // beyond what schemas say themselves
	Signals    []SignalRule // the first that holds decides; see Decide

	stance      Stance // towards the request at hand
	rule        string // by which; empty when Pass
	identifying Rule

	consent  consent
	redactor redactor
	matching []*Rule
	scratch  []byte
	finder   *finder // kept, as TinyGo would allocate one for every text
}

// Default keeps 24 bits of an IPv4 address, 48 of an IPv6 one, and location no finer than the region.
// Who sends Sec-GPC or DNT is not known again.
var Default = Rules{IPv4Prefix: 24, IPv6Prefix: 48, Geo: Region, Signals: DefaultSignals}

// Precision is how exactly a location may be told.
type Precision uint8

const (
	Country Precision = iota
	Region
	City
	Coordinates
)

var precisions = [...]string{"country", "region", "city", "coordinates"}

// String returns the name of the precision in configuration.
func (p Precision) String() string {
	if int(p) < len(precisions) {
		return precisions[p]
	}
	return "unknown"
}

// ParsePrecision returns the precision of that name.
func ParsePrecision(name string) (Precision, bool) {
	for p := range precisions {
		if precisions[p] == name {
			return Precision(p), true
		}
	}
	return 0, false
}

// AnonymousID is the network user id of visitors who are not to be told apart.
const AnonymousID = "00000000-0000-0000-0000-000000000000"

// The names of the rules in receipts.
const (
	ruleAddress   = "ip-prefix"
	ruleAnonymous = "sp-anonymous"
	ruleGeo       = "geo-precision"
)

// Treat sets the stance towards the events that follow, and the rule that it
// is by.
func (r *Rules) Treat(stance Stance, rule string) { r.stance, r.rule = stance, rule }

// Apply applies the rules to an event: to its address, and to whatever of the
// request it keeps unparsed, where an address could stand. If the visitor is
// anonymous no address is kept at all, and the network user id is [AnonymousID].
func (r *Rules) Apply(arena *envelope.Arena, e *envelope.Event) {
	rule, v4, v6 := ruleAddress, r.IPv4Prefix, r.IPv6Prefix
	anonymous := r.stance >= Anonymise
	if anonymous {
		rule, v4, v6 = r.rule, 0, 0
		e.Set(envelope.NetworkUserID, AnonymousID)
		e.Receive(envelope.Receipt{Rule: rule, Field: "network_userid", Action: "replace"})
	}
	if r.stance >= DropIdentifiers {
		dropIdentifiers(e, rule)
	}
	r.coarsen(e)
	if r.applyPolicy(arena, e) || r.stance >= DropIdentifiers && e.Payload != "" {
		// Nothing can be found by name in what was not read.
		dropUnread(arena, e)
	}
	if !anonymous && v4 == 32 && v6 == 128 {
		return // addresses are wanted as they are
	}
	if e.Has(envelope.UserIPAddress) {
		addr, ok := ParseAddress(e.Get(envelope.UserIPAddress))
		if ok && !anonymous {
			b := addr.Truncate(v4, v6).Append(arena.Bytes(longestAddress))
			e.Set(envelope.UserIPAddress, arena.KeepString(b))
			e.Receive(envelope.Receipt{Rule: rule, Field: "user_ipaddress", Action: "truncate"})
		} else {
			// What is no address cannot be truncated: it is left out rather than passed.
			e.Drop(envelope.UserIPAddress)
			e.Receive(envelope.Receipt{Rule: rule, Field: "user_ipaddress", Action: "drop"})
		}
	}
	if r.finder == nil {
		r.finder = new(finder)
	}
	r.scrubRejected(arena, e, rule, v4, v6, anonymous)
	r.scrubPaths(arena, e, rule, v4, v6)
	if e.Payload == "" {
		return
	}
	action := removed // nothing can take network user ids out of text that could not be parsed
	if anonymous {
		e.Payload = ""
	} else {
		e.Payload, action = r.finder.scrub(arena, e.Payload, v4, v6)
	}
	receive(e, rule, "weir.payload", action)
}

func (r *Rules) scrubRejected(arena *envelope.Arena, e *envelope.Event, rule string, v4, v6 int, anonymous bool) {
	kept := e.Rejected[:0]
	action := ""
	for _, p := range e.Rejected {
		if anonymous && isIdentifier(p.Name) || p.Name == "ip" || r.stance >= DropIdentifiers {
			action = removed
			continue
		}
		name, ofName := r.finder.scrub(arena, p.Name, v4, v6)
		value, ofValue := r.finder.scrub(arena, p.Value, v4, v6)
		if ofName != "" || ofValue == removed {
			action = removed // truncated names could be the same one
			continue
		}
		if ofValue != "" && action == "" {
			action = ofValue
		}
		kept = append(kept, envelope.Parameter{Name: name, Value: value})
	}
	e.Rejected = kept
	receive(e, rule, "weir.rejected", action)
}

// scrubPaths scrubs the paths of violations: some name members of the request body.
func (r *Rules) scrubPaths(arena *envelope.Arena, e *envelope.Event, rule string, v4, v6 int) {
	action := ""
	for i := range e.Violations {
		v := &e.Violations[i]
		var ofPath string
		if v.Path, ofPath = r.finder.scrub(arena, v.Path, v4, v6); ofPath != "" && action != removed {
			action = ofPath
		}
	}
	receive(e, rule, "weir.violations", action)
}

// receive leaves a receipt for an action, if there was one.
func receive(e *envelope.Event, rule, field, action string) {
	if action != "" {
		e.Receive(envelope.Receipt{Rule: rule, Field: field, Action: action})
	}
}

// isIdentifier reports whether a parameter carries a network user id.
func isIdentifier(name string) bool { return name == "nuid" || name == "tnuid" }

// Locate makes a location no more exact than the rules allow. Of an anonymous
// event it leaves the country and the continent: a region, a network or the
// point of presence is read off the address, and together they can tell one
// household apart.
func (r *Rules) Locate(l envelope.Location) envelope.Location {
	if r.stance >= Anonymise {
		return envelope.Location{Country: l.Country, Continent: l.Continent}
	}
	if r.Geo < Coordinates {
		l.Latitude, l.Longitude = "", ""
	}
	if r.Geo < City {
		l.City = ""
	}
	if r.Geo < Region {
		l.Region, l.Timezone = "", ""
	}
	return l
}

// Located leaves the receipts for what [Rules.Locate] took from a location.
func (r *Rules) Located(e *envelope.Event, before, after *envelope.Location) {
	rule := ruleGeo
	if r.stance >= Anonymise {
		rule = r.rule
	}
	dropped(e, rule, "weir.edge.region", before.Region, after.Region)
	dropped(e, rule, "weir.edge.city", before.City, after.City)
	dropped(e, rule, "weir.edge.timezone", before.Timezone, after.Timezone)
	dropped(e, rule, "weir.edge.latitude", before.Latitude, after.Latitude)
	dropped(e, rule, "weir.edge.longitude", before.Longitude, after.Longitude)
	dropped(e, rule, "weir.edge.asn", before.ASN, after.ASN)
	dropped(e, rule, "weir.edge.as_org", before.ASOrg, after.ASOrg)
	dropped(e, rule, "weir.edge.colo", before.Colo, after.Colo)
}

func dropped(e *envelope.Event, rule, field, before, after string) {
	if before != after {
		e.Receive(envelope.Receipt{Rule: rule, Field: field, Action: "drop"})
	}
}
