package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
)

// sampleTime is when samples arrive: both readings of one get the same ids and times.
const sampleTime = 1_795_215_804_123

// explained is what became of one event.
type explained struct {
	Event    string    `json:"event_id"`
	App      string    `json:"app_id,omitempty"`
	Protocol string    `json:"protocol"`
	Verdict  string    `json:"verdict,omitempty"` // empty if nothing is kept
	Signals  []string  `json:"signals"`
	Stance   string    `json:"stance"`
	By       string    `json:"stance_by,omitempty"`
	Fields   []changed `json:"fields"`
}

// changed is a field that is not as it was sent.
type changed struct {
	Field  string          `json:"field"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"` // none: nothing is left of it
	Why    []cause         `json:"why"`
}

// cause is one of the reasons for a change.
type cause struct {
	Action string `json:"action,omitempty"` // as the receipt says it
	Rule   string `json:"rule,omitempty"`   // as the receipt says it
	Kind   string `json:"kind"`             // rule, annotation, signal, default or derived
	Text   string `json:"text,omitempty"`
	Place  string `json:"place,omitempty"` // of an annotation: file, line and column
}

func (x *explainer) adapters() []protocol.Adapter {
	adapters := append(all.Adapters(), canonical{})
	if x.app != "" {
		for i, a := range adapters {
			adapters[i] = ofApp{a, x.app}
		}
	}
	return adapters
}

// compare says what became of each event. Those that are missing are told by
// their ids, which both readings have in common where the tracker made them.
func (x *explainer) compare(before, after [][]byte) []explained {
	byID := map[string][]byte{}
	for _, line := range after {
		byID[gjson.GetBytes(line, "event_id").String()] = line
	}
	list := make([]explained, 0, len(before))
	for i, line := range before {
		was := gjson.ParseBytes(line)
		e := explained{Event: was.Get("event_id").String(), App: was.Get("app_id").String(), Protocol: was.Get("weir.protocol").String(), Fields: []changed{}}
		signals := x.signals(was)
		stance, by := x.policy.rules.Decide(signals, &x.location, e.App)
		e.Signals, e.Stance, e.By = append([]string{}, signals.Names()...), stance.String(), by
		is := gjson.ParseBytes(byID[e.Event])
		if len(before) == len(after) {
			is = gjson.ParseBytes(after[i])
		}
		if is.Exists() {
			e.Verdict = is.Get("weir.verdict").String()
			e.Fields = x.fields(was, is, signals)
		}
		list = append(list, e)
	}
	return list
}

// signals are those of the request and of an event in it.
func (x *explainer) signals(event gjson.Result) privacy.Signals {
	e := envelope.Event{Unstruct: payloadOf(event.Get("unstruct_event"))}
	for _, entity := range event.Get("contexts").Array() {
		e.Contexts = append(e.Contexts, payloadOf(entity))
	}
	return collector.Signals(&x.request).Combine(x.policy.rules.Consent(&e))
}

func (x *explainer) fields(was, is gjson.Result, signals privacy.Signals) []changed {
	after := map[string]string{}
	flatten(is, "", func(path, raw string) { after[path] = raw })
	list, seen := []changed{}, map[string]bool{}
	flatten(was, "", func(path, raw string) {
		seen[path] = true
		if after[path] != raw {
			list = append(list, changed{Field: path, Before: json.RawMessage(raw), After: json.RawMessage(after[path]), Why: x.why(path, was, is, signals)})
		}
	})
	flatten(is, "", func(path, raw string) {
		if !seen[path] {
			list = append(list, changed{Field: path, After: json.RawMessage(raw), Why: x.why(path, was, is, signals)})
		}
	})
	return list
}

// flatten passes every value of an envelope that is neither an object nor an
// array, with its path, but for what weir itself says of the event.
func flatten(v gjson.Result, path string, use func(path, raw string)) {
	if path == "weir" {
		for _, name := range []string{"edge", "payload", "rejected"} {
			flatten(v.Get(name), "weir."+name, use)
		}
		return
	}
	if !v.Exists() {
		return
	}
	if !v.IsObject() && !v.IsArray() {
		use(path, v.Raw)
		return
	}
	i := 0
	v.ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		if v.IsArray() {
			name = strconv.Itoa(i)
			i++
		}
		if path != "" {
			name = path + "." + name
		}
		flatten(value, name, use)
		return true
	})
}

// why names the causes of a change by the receipts.
func (x *explainer) why(path string, was, is gjson.Result, signals privacy.Signals) []cause {
	field, schema := receiptField(path, was)
	list := []cause{}
	for _, r := range is.Get("weir.receipts").Array() {
		rule, of := r.Get("rule").String(), r.Get("field").String()
		if of != field && !strings.HasPrefix(field, of+".") || strings.HasPrefix(rule, "iglu:") && rule != schema {
			continue
		}
		list = append(list, x.cause(rule, of, r.Get("action").String(), signals))
	}
	if len(list) == 0 {
		if from := derivedFrom(field); from != "" {
			list = append(list, cause{Kind: "derived", Text: "from " + from})
		}
	}
	return list
}

// receiptField is how receipts name a place in an envelope, and the key of the
// schema of what stands there.
func receiptField(path string, event gjson.Result) (field, schema string) {
	parts := strings.Split(path, ".")
	rest := parts
	switch {
	case parts[0] == "unstruct_event" && len(parts) > 2:
		schema, rest = event.Get("unstruct_event.schema").String(), parts[2:]
	case parts[0] == "contexts" && len(parts) > 3:
		schema, rest = event.Get("contexts."+parts[1]+".schema").String(), parts[3:]
	case parts[0] == "weir" && len(parts) > 2 && parts[1] != "edge":
		return "weir." + parts[1], ""
	default:
		return path, ""
	}
	field = parts[0]
	for _, part := range rest {
		if _, err := strconv.Atoi(part); err == nil {
			part = "*"
		}
		field += "." + part
	}
	return field, schema
}

// derivedFrom is what a column is made of after the policy.
func derivedFrom(column string) string {
	switch {
	case column == "event_fingerprint":
		return "what was sent, which was changed: made with the key, or dropped without one"
	case column == "derived_tstamp":
		return "the times of the device"
	case strings.HasPrefix(column, "page_url"):
		return "page_url"
	case strings.HasPrefix(column, "refr_url"):
		return "page_referrer"
	}
	return ""
}

func (x *explainer) cause(rule, field, action string, signals privacy.Signals) cause {
	c := cause{Action: action, Rule: rule, Kind: "default"}
	for i := range x.policy.rules.Policy {
		if r := &x.policy.rules.Policy[i]; r.Name == rule {
			c.Kind, c.Text = "rule", described(string(x.policy.text.Privacy.Rules[i].Do))
			return c
		}
	}
	for i := range x.policy.rules.Signals {
		if r := &x.policy.rules.Signals[i]; r.Name == rule {
			c.Kind, c.Text = "signal", strings.Join((r.Signals&signals).Names(), ", ")+" → "+r.Do.String()
			return c
		}
	}
	switch {
	case rule == "sp-anonymous":
		c.Kind, c.Text = "signal", "sp_anonymous → anonymise"
	case rule == "ip-prefix":
		c.Text = x.policy.prefixes()
	case rule == "geo-precision":
		c.Text = x.policy.precision()
	case strings.HasPrefix(rule, "iglu:"):
		c.Kind = "annotation"
		_, path, _ := strings.Cut(field, ".")
		if f, ok := x.places[rule][path]; ok {
			c.Place = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
			c.Text = described(own(f))
			if why := reason(own(f)); why != "" {
				c.Text += " (" + why + ")"
			}
		}
	}
	return c
}

func printExplained(w io.Writer, events []explained) error {
	var b strings.Builder
	for i, e := range events {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "event %s, %s", clean(e.Event), clean(e.Protocol))
		if e.App != "" {
			b.WriteString(", app " + clean(e.App))
		}
		if e.Verdict != "" {
			b.WriteString(", " + e.Verdict)
		}
		b.WriteString("\n")
		if len(e.Signals) > 0 {
			b.WriteString("  signals: " + strings.Join(e.Signals, ", ") + "\n")
		}
		if e.By != "" {
			fmt.Fprintf(&b, "  stance: %s, by %s\n", e.Stance, e.By)
		}
		switch {
		case e.Verdict == "":
			b.WriteString("  nothing is kept of it\n")
		case len(e.Fields) == 0:
			b.WriteString("  leaves as it was sent\n")
		}
		for _, f := range e.Fields {
			fmt.Fprintf(&b, "  %s\n    before  %s\n    after   %s\n", clean(f.Field), value(f.Before), value(f.After))
			for _, c := range f.Why {
				fmt.Fprintf(&b, "    why     %s\n", c)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func value(raw json.RawMessage) string {
	if len(raw) == 0 {
		return "-"
	}
	return clean(string(raw))
}

// String tells a cause in one line.
func (c cause) String() string {
	parts := []string{}
	if c.Action != "" {
		parts = append(parts, clean(c.Action)+" by "+c.Kind+" "+clean(c.Rule))
	} else {
		parts = append(parts, c.Kind)
	}
	for _, more := range []string{c.Text, c.Place} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, ": ")
}
