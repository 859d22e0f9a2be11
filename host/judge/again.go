package judge

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/schemas/validate"
	"weir/sinks"
)

// Outcome is what came of judging a failed event again.
type Outcome string

const (
	Passes   Outcome = "passes"   // it satisfies every schema it names
	Fails    Outcome = "fails"    // it does not
	Unknown  Outcome = "unknown"  // no registry holds a schema that it names
	Redacted Outcome = "redacted" // what might have satisfied its schemas was taken out of it before it got here
	Other    Outcome = "other"    // it broke a rule that is no schema's
)

// Again judges a failed event by the schemas as they are. If it passes, the
// event returned is good: its violations are gone, the member "rejudged" of
// "weir" says when, and what the annotations of its schemas say has happened to
// its data. Else the event is returned as it is, and why says what it lacks.
func (j *Judge) Again(e sinks.Event, now time.Time) (_ sinks.Event, o Outcome, why string) {
	set := j.schemas.current()
	a := again{set: set, weir: gjson.GetBytes(e.Envelope, "weir"), payloads: payloadsOf(e.Envelope)}
	if o, why := a.verdict(); o != Passes {
		return e, o, why
	}
	// What the edge took out by a schema's annotations stays as the edge left
	// it: to hash a hash would make another value of it.
	line, changed := j.redact(set, e.Envelope, a.redactedBy)
	if e.Envelope = line; changed {
		e.Fingerprint = ""
	}
	e.Verdict = envelope.Good.String()
	e.Envelope = absolve(e.Envelope, gjson.GetBytes(e.Envelope, "weir"), now)
	return e, Passes, ""
}

// payload is a self-describing event or an entity.
type payload struct {
	path   string // RFC 6901 pointer into the envelope
	field  string // as receipts name it
	schema string
	data   []byte
}

func payloadsOf(line []byte) (list []payload) {
	if u := gjson.GetBytes(line, "unstruct_event"); u.Exists() {
		list = append(list, payload{"/unstruct_event", "unstruct_event", u.Get("schema").String(), []byte(u.Get("data").Raw)})
	}
	for i, c := range gjson.GetBytes(line, "contexts").Array() {
		list = append(list, payload{"/contexts/" + strconv.Itoa(i), "contexts", c.Get("schema").String(), []byte(c.Get("data").Raw)})
	}
	return list
}

type again struct {
	set      *validate.Set
	weir     gjson.Result
	payloads []payload
}

func (a *again) verdict() (o Outcome, why string) {
	violations := a.weir.Get("violations").Array()
	for _, v := range violations {
		if !a.curable(v) {
			return Other, v.Get("path").String() + " " + v.Get("keyword").String() + ": " + v.Get("message").String()
		}
	}
	// Of violations that were only counted nobody knows the rule. Those of
	// columns leave what could not become one.
	if len(violations) == 0 || a.weir.Get("payload").Exists() || a.weir.Get("violations_more").Int() > 0 && a.weir.Get("rejected").Exists() {
		return Other, "it holds no payload that a schema judges"
	}
	for _, p := range a.payloads {
		if o, why := a.judge(p); o != Passes {
			return o, why
		}
	}
	return Passes, ""
}

// curable reports whether a violation is of the schema of the payload that it
// points into: whether another schema can make it go.
func (a *again) curable(v gjson.Result) bool {
	path, schema := v.Get("path").String(), v.Get("schema").String()
	return slices.ContainsFunc(a.payloads, func(p payload) bool {
		rest, within := strings.CutPrefix(path, p.path+"/")
		return within && schema == p.schema && (strings.HasPrefix(rest, "data") || v.Get("keyword").String() == KeywordUnknown)
	})
}

func (a *again) judge(p payload) (o Outcome, why string) {
	var program validate.Program
	known := false
	if a.set != nil {
		program, known = a.set.Lookup([]byte(p.schema))
	}
	if !known {
		return Unknown, p.path + "/schema: no folder listed under schemas holds " + p.schema
	}
	rule, action, altered := a.alteration(p)
	if altered && string(p.data) == "null" {
		return Redacted, p.path + "/data was dropped before it left the edge, by " + rule + ": what was sent is gone"
	}
	if violations := program.Validate(nil, bytes.TrimSpace(p.data)); len(violations) > 0 {
		v := violations[0]
		why := string(v.AppendPath([]byte(p.path+"/data"))) + " " + v.Keyword() + ": " + string(v.AppendMessage(nil))
		if altered {
			return Redacted, why + "; but parts of it were changed before it left the edge (" + action + " by " + rule + "): what was sent cannot be judged any more"
		}
		return Fails, why
	}
	return Passes, ""
}

// alteration returns the rule and action of a receipt that says that data of a payload like p was changed.
func (a *again) alteration(p payload) (rule, action string, found bool) {
	a.weir.Get("receipts").ForEach(func(_, r gjson.Result) bool {
		field := r.Get("field").String()
		rule, action = r.Get("rule").String(), r.Get("action").String()
		// Receipts beyond a number are told as *, and long paths as ….
		found = field == "*" || field == "…" || field == p.field || strings.HasPrefix(field, p.field+".")
		return !found
	})
	return rule, action, found
}

// redactedBy reports whether the annotations of a schema were applied before.
func (a *again) redactedBy(schema string) bool {
	return slices.ContainsFunc(a.weir.Get("receipts").Array(), func(r gjson.Result) bool {
		return r.Get("rule").String() == schema
	})
}

// absolve returns a copy of line without violations, with the verdict good and
// the time of that.
func absolve(line []byte, weir gjson.Result, now time.Time) []byte {
	out := append([]byte(nil), line[:weir.Index]...)
	out = append(out, '{')
	weir.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "violations", "violations_more", "rejudged":
			return true
		case "verdict":
			out = append(strconv.AppendQuote(append(out, `"verdict":`...), envelope.Good.String()), ',')
			return true
		}
		out = append(append(append(out, key.Raw...), ':'), value.Raw...)
		out = append(out, ',')
		return true
	})
	out = append(envelope.AppendTime(append(out, `"rejudged":"`...), now.UnixMilli()), '"', '}')
	return append(out, line[weir.Index+len(weir.Raw):]...)
}
