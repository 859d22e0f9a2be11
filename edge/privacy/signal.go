package privacy

import (
	"slices"
	"strings"

	"weir/edge/envelope"
)

// Signals are the ways in which a visitor, or the site on their behalf, has
// said what may be known of them. They are a set.
type Signals uint8

const (
	SPAnonymous    Signals = 1 << iota // the tracker asked: header SP-Anonymous
	GPC                                // Global Privacy Control: header Sec-GPC is 1
	DNT                                // header DNT is 1
	ConsentDenied                      // consent to analytics is denied: Google's consent mode, or an event; see Rules.Consent
	ConsentGranted                     // it is granted
	OtherBasis                         // the processing rests on another basis than consent: GDPR, article 6
	noConsent                          // of rules alone: there is no ConsentGranted
)

var signalNames = [...]string{"sp_anonymous", "gpc", "dnt", "consent_denied", "consent_granted", "other_basis", "no_consent"}

// ParseSignal returns the signal that a rule calls so. "no_consent" holds where
// consent was not granted, whether it was denied or not spoken of.
func ParseSignal(name string) (Signals, bool) {
	for i, n := range signalNames {
		if n == name {
			return 1 << i, true
		}
	}
	return 0, false
}

// Names returns the names of the signals.
func (s Signals) Names() (names []string) {
	for i, name := range signalNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// Stance is how much is known of the visitor from here on. A greater one takes
// all that a lesser one does.
type Stance uint8

const (
	// Pass applies the rules that hold for everybody.
	Pass Stance = iota
	// Anonymise does what SP-Anonymous asks for: no cookie, no network user
	// id, no address, and no location finer than the country.
	Anonymise
	// DropIdentifiers takes all columns and entities, too, by which a visitor
	// or a device is known again.
	DropIdentifiers
	// DropEvent keeps nothing of the event but that there was one.
	DropEvent
)

var stances = [...]string{"pass", "anonymise", "drop_identifiers", "drop_event"}

// ParseStance returns the stance of that name.
func ParseStance(name string) (Stance, bool) {
	for i, n := range stances {
		if n == name {
			return Stance(i), true
		}
	}
	return 0, false
}

// String returns the name of the stance in configuration.
func (s Stance) String() string { return stances[min(int(s), len(stances)-1)] }

// SignalRule is a line of the table signal × region × app → stance.
type SignalRule struct {
	Name    string  // in receipts
	Signals Signals // any of them; none means every request
	// Regions are ISO 3166-1 countries (DE), ISO 3166-2 subdivisions (US-CA), or
	// EU or EEA. None means everywhere. Where the CDN does not know the country,
	// or the subdivision, it counts as any.
	Regions []string
	Apps    []string // patterns in which '*' stands for any run of characters
	Do      Stance
}

// DefaultSignals is the table that holds unless another is given: who asks not
// to be tracked is not known again. See reference Global Privacy Control, W3C.
var DefaultSignals = []SignalRule{{Name: "gpc-dnt", Signals: GPC | DNT, Do: DropIdentifiers}}

func (r *SignalRule) holds(s Signals, l *envelope.Location, app string) bool {
	if s&ConsentGranted == 0 {
		s |= noConsent
	}
	return (r.Signals == 0 || r.Signals&s != 0) && inRegions(r.Regions, l) && Listed(r.Apps, app)
}

// Decide returns the stance towards an event and the rule that it is by: that
// of the first rule that holds. SP-Anonymous is heeded whatever the table says.
func (r *Rules) Decide(s Signals, l *envelope.Location, app string) (Stance, string) {
	stance, name := Pass, ""
	for i := range r.Signals {
		if rule := &r.Signals[i]; rule.holds(s, l, app) {
			stance, name = rule.Do, rule.Name
			break
		}
	}
	if s&SPAnonymous != 0 && stance <= Anonymise {
		return Anonymise, ruleAnonymous
	}
	return stance, name
}

func inRegions(regions []string, l *envelope.Location) bool {
	if len(regions) == 0 || l.Country == "" {
		return true
	}
	for _, region := range regions {
		country, subdivision, exact := strings.Cut(region, "-")
		switch {
		case region == "EU", region == "EEA":
			if isMember(region, l.Country) {
				return true
			}
		case country != l.Country:
		case !exact, l.Region == "", subdivision == l.Region:
			return true
		}
	}
	return false
}

// members are the states of the European Union, and behind them those that the
// European Economic Area has besides.
const members = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK " + "IS LI NO "

const unionLength = 27 * 3

func isMember(group, country string) bool {
	list := members
	if group == "EU" {
		list = members[:unionLength]
	}
	i := strings.Index(list, country)
	return len(country) == 2 && i >= 0 && i%3 == 0
}

// IsRegion reports whether a rule may name such a region.
func IsRegion(s string) bool {
	if s == "EEA" {
		return true
	}
	country, subdivision, exact := strings.Cut(s, "-")
	return len(country) == 2 && isUpper(country, false) && (!exact || len(subdivision) >= 1 && len(subdivision) <= 3 && isUpper(subdivision, true))
}

func isUpper(s string, digits bool) bool {
	for i := range len(s) {
		if c := s[i]; !('A' <= c && c <= 'Z' || digits && '0' <= c && c <= '9') {
			return false
		}
	}
	return true
}

// identifying are the columns by which a visitor or a device is known again.
var identifying = [...]envelope.Field{
	envelope.UserID, envelope.DomainUserID, envelope.DomainSessionID, envelope.DomainSessionIdx, envelope.UserFingerprint,
	envelope.RefrDomainUserID, envelope.RefrDvceTstamp,
}

// Identifies reports whether a visitor or a device is known again by a column
// that a tracker fills.
func Identifies(f envelope.Field) bool { return slices.Contains(identifying[:], f) }

// IdentifiesIn reports whether a visitor or a device is known again by a member
// of the entities that trackers send out of the box; path as for [Rule.Means].
func IdentifiesIn(schema, path string) bool { return identifyingRule.Means(schema, path) }

// identifyingRule drops, of the entities that trackers send out of the box, the
// members by which a visitor or a device is known again.
var identifyingRule = Rule{
	Schemas: []string{"iglu:com.snowplowanalytics.snowplow/client_session/*", "iglu:com.snowplowanalytics.snowplow/mobile_context/*",
		"iglu:com.snowplowanalytics.snowplow/browser_context/*"},
	Fields: []string{"userId", "sessionId", "previousSessionId", "firstEventId", "appleIdfa", "appleIdfv", "androidIdfa", "openIdfa", "tabId"},
	Action: Action{kind: kindDrop},
}

// dropIdentifiers takes the identifying columns of an event.
func dropIdentifiers(e *envelope.Event, rule string) {
	for _, f := range identifying {
		if e.Has(f) {
			e.Drop(f)
			e.Redacted = true
			e.Receive(envelope.Receipt{Rule: rule, Field: f.Name(), Action: "drop"})
		}
	}
}
