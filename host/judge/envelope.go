package judge

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/schemas/validate"
	"weir/sinks"
)

// Event judges an unresolved event: the verdict and the violations in its
// envelope are rewritten, and what the annotations of its schemas say happens to
// its data, as the edge would have done. Everything else stays byte for byte.
// Other events are returned as they are.
func (j *Judge) Event(e sinks.Event) sinks.Event {
	if e.Verdict != envelope.Unresolved.String() {
		return e
	}
	set := j.schemas.current()
	found := payloads(set, e.Envelope)
	line, changed := j.redact(set, e.Envelope, func(string) bool { return false })
	if e.Envelope = line; changed {
		e.Fingerprint = ""
	}
	weir := gjson.GetBytes(e.Envelope, "weir")
	if weir.Get("violations.#").Int() == 0 && len(found) == 0 {
		e.Verdict = envelope.Good.String()
	} else {
		e.Verdict = envelope.Failed.String()
	}
	e.Envelope = rewrite(e.Envelope, weir, e.Verdict, found)
	return e
}

// payloads judges the self-describing event and every entity.
func payloads(set *validate.Set, line []byte) []violation {
	var found []violation
	if u := gjson.GetBytes(line, "unstruct_event"); u.Exists() {
		found = check(set, found, u.Get("schema").String(), []byte(u.Get("data").Raw), "/unstruct_event")
	}
	for i, c := range gjson.GetBytes(line, "contexts").Array() {
		found = check(set, found, c.Get("schema").String(), []byte(c.Get("data").Raw), "/contexts/"+strconv.Itoa(i))
	}
	return found
}

// rewrite returns a copy of line with another verdict and further violations.
// weir is the member "weir" within line.
func rewrite(line []byte, weir gjson.Result, verdict string, found []violation) []byte {
	more := weir.Get("violations_more").Int()
	kept := int(weir.Get("violations.#").Int())
	if room := max(envelope.MaxViolations-kept, 0); len(found) > room {
		more += int64(len(found) - room)
		found = found[:room]
	}
	out := append([]byte(nil), line[:weir.Index]...)
	out = append(out, '{')
	done := false
	violations := func() {
		if done || kept+len(found) == 0 {
			return
		}
		done = true
		out = append(out, `"violations":[`...)
		weir.Get("violations").ForEach(func(_, v gjson.Result) bool {
			out = append(append(out, v.Raw...), ',')
			return true
		})
		for _, v := range found {
			text, err := json.Marshal(v)
			if err != nil {
				panic(err) // four strings
			}
			out = append(append(out, text...), ',')
		}
		out[len(out)-1] = ']'
		out = append(out, ',')
		if more > 0 {
			out = append(strconv.AppendInt(append(out, `"violations_more":`...), more, 10), ',')
		}
	}
	weir.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "violations":
			violations()
			return true
		case "violations_more":
			return true
		case "receipts", "edge", "rejected", "payload": // the members that follow violations
			violations()
		}
		out = append(append(out, key.Raw...), ':')
		if key.Str == "verdict" {
			out = strconv.AppendQuote(out, verdict)
		} else {
			out = append(out, value.Raw...)
		}
		out = append(out, ',')
		return true
	})
	violations()
	out[len(out)-1] = '}'
	return append(out, line[weir.Index+len(weir.Raw):]...)
}
