package format

import (
	"fmt"
	"strings"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

// TSV is the enriched event of the Snowplow pipeline: the 131 canonical columns
// in their order, between tabs, for loaders and programs written for it.
//
//   - null and the empty string are both empty
//   - text is without control characters, a tab is four spaces
//   - timestamps are "2026-11-20 23:03:24.123" in UTC, booleans 1 and 0
//   - contexts, derived_contexts and unstruct_event stand in their
//     self-describing envelopes; without an entity they are empty
//
// What weir itself has to say has no column and is left out, but for one thing:
// of a failed event, each violation is a derived context, as the pipeline has
// it in its failed events. The data that failed stays where it was.
type TSV struct{}

const (
	contextsSchema = `{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-1","data":[`
	unstructSchema = `{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":`
)

// Append implements [Format].
func (TSV) Append(dst []byte, e sinks.Event) ([]byte, error) {
	s := events.Get().(*snowplow)
	defer s.release()
	if err := s.read(e); err != nil {
		return dst, err
	}
	line := dst
	for f := range envelope.Field(envelope.NumFields) {
		if f > 0 {
			line = append(line, '\t')
		}
		v := &s.row[f]
		switch f.Kind() {
		case envelope.Array:
			list, err := members(f, v)
			if err != nil {
				return dst, err
			}
			var more []byte
			if f == envelope.DerivedContexts {
				more = s.failures
			}
			line = appendContexts(line, list, more)
		case envelope.Object:
			if v.Set {
				line = append(appendJSON(append(line, unstructSchema...), v.Text), '}')
			}
		case envelope.Timestamp:
			if v.Set {
				line = append(append(append(line, v.Text[:10]...), ' '), v.Text[11:23]...)
			}
		case envelope.Boolean:
			if v.Set {
				line = append(line, '0'+byte(v.Int))
			}
		case envelope.Text:
			line = appendClean(line, v.Text)
		default:
			line = append(line, v.Text...)
		}
	}
	return line, nil
}

// ContentType implements [Format].
func (TSV) ContentType() string { return "text/tab-separated-values" }

// members is what stands within the brackets of a list of entities.
func members(f envelope.Field, v *columns.Value) (string, error) {
	if !v.Set {
		return "", nil
	}
	if v.Text[0] != '[' {
		return "", fmt.Errorf("column %s: not an array", f.Name())
	}
	return strings.Trim(v.Text[1:len(v.Text)-1], " \t\r\n"), nil
}

// appendContexts appends entities and more of them in their envelope, nothing if there are none.
func appendContexts(dst []byte, list string, more []byte) []byte {
	if list == "" && len(more) == 0 {
		return dst
	}
	dst = appendJSON(append(dst, contextsSchema...), list)
	if list != "" && len(more) > 0 {
		dst = append(dst, ',')
	}
	return append(append(dst, more...), "]}"...)
}

// appendJSON appends JSON with spaces for the tabs and carriage returns that
// may stand between its tokens: within strings, JSON has them escaped.
func appendJSON(dst []byte, json string) []byte {
	n := len(dst)
	dst = append(dst, json...)
	for i, c := range dst[n:] {
		if c < ' ' {
			dst[n+i] = ' '
		}
	}
	return dst
}
