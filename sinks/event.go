package sinks

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
)

// ParseEvent reads one envelope line, without its newline, into an [Event].
// The event keeps line as its Envelope and copies everything else out of it.
//
// It is one scan for grammar and one over the top-level members; no tree is
// built. It fails when the line is not one JSON object on one line, or when a
// member that storing an event rests upon is missing or malformed: event_id,
// collector_tstamp, weir.verdict. The error names the member.
func ParseEvent(line []byte) (Event, error) {
	e := Event{Envelope: line}
	if err := CheckLine(line); err != nil {
		return e, fmt.Errorf("reading envelope: %w", err)
	}
	if !gjson.ValidBytes(line) {
		return e, errors.New("reading envelope: the line is not valid JSON")
	}

	var vendor, format, version, selfDescribing, collected, verdict string
	// gjson wants a string; the view ends with this function because whatever
	// leaves it is cloned.
	object := gjson.Result{Type: gjson.JSON, Raw: envelope.View(line)}
	object.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "app_id":
			e.App = strings.Clone(value.Str)
		case "collector_tstamp":
			collected = value.Str
		case "event_id":
			e.ID = strings.Clone(value.Str)
		case "event_fingerprint":
			e.Fingerprint = strings.Clone(value.Str)
		case "event_vendor":
			vendor = value.Str
		case "event_name":
			e.Name = strings.Clone(value.Str)
		case "event_format":
			format = value.Str
		case "event_version":
			version = value.Str
		case "unstruct_event":
			selfDescribing = value.Get("schema").Str
		case "weir":
			verdict = value.Get("verdict").Str
		}
		return true
	})

	if !envelope.IsUUID(e.ID) {
		return e, errors.New("reading envelope: event_id is missing or not a canonical UUID")
	}
	if collected == "" {
		return e, fmt.Errorf("reading envelope of event %s: collector_tstamp is missing", e.ID)
	}
	millis, ok := envelope.ParseTime(collected)
	if !ok {
		return e, fmt.Errorf("reading envelope of event %s: collector_tstamp is not an RFC 3339 timestamp", e.ID)
	}
	e.Collected = time.UnixMilli(millis).UTC()
	switch verdict {
	case "good":
		e.Verdict = "good"
	case "failed":
		e.Verdict = "failed"
	case "unresolved":
		e.Verdict = "unresolved"
	default:
		return e, fmt.Errorf("reading envelope of event %s: weir.verdict is not good, failed or unresolved", e.ID)
	}

	switch {
	case vendor != "" && e.Name != "" && format != "" && version != "":
		e.Schema = "iglu:" + vendor + "/" + e.Name + "/" + format + "/" + version
	case selfDescribing != "":
		e.Schema = strings.Clone(selfDescribing)
	}
	return e, nil
}

// CheckLine reports whether an envelope can stand in a stream of lines without
// breaking its neighbours: one object on one line. It does not look inside.
func CheckLine(line []byte) error {
	if len(line) < 2 || line[0] != '{' || line[len(line)-1] != '}' {
		return errors.New("the line does not begin and end as a JSON object")
	}
	if bytes.IndexByte(line, '\n') >= 0 {
		return errors.New("a newline within the envelope")
	}
	return nil
}
