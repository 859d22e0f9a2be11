package format

import (
	"strconv"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

// Analytics is one JSON object as Snowplow's analytics SDKs make it of an
// enriched event: what they would make of [TSV], typed, nulls left out.
//
//   - entities, derived ones included, are arrays under names made of their
//     schema keys: "contexts_com_acme_product_1":[{…},{…}]
//   - the self-describing event is an object: "unstruct_event_com_acme_sale_1":{…}
//   - with a latitude and a longitude there is "geo_location":"52.5,13.4"
//   - timestamps are RFC 3339, decimals are numbers with the digits sent
//
// Besides, "weir" stands as it does in the envelope, and nothing is lost:
// entities without a readable schema key, which the SDKs refuse together with
// their event, remain under "contexts", and such an event under "unstruct_event".
type Analytics struct{}

// Append implements [Format].
func (Analytics) Append(dst []byte, e sinks.Event) ([]byte, error) {
	s := events.Get().(*snowplow)
	defer s.release()
	if err := s.read(e); err != nil {
		return dst, err
	}
	line := append(dst, '{')
	for f := range envelope.Field(envelope.NumFields) {
		v := &s.row[f]
		switch f.Kind() {
		case envelope.Array:
			list, err := members(f, v)
			if err != nil {
				return dst, err
			}
			if list != "" {
				s.collect(v.Text)
			}
		case envelope.Object:
			if v.Set {
				line = s.appendSelfDescribing(line, v.Text)
			}
		default:
			line = appendColumn(line, f, v)
		}
	}
	if len(s.failures) > 0 {
		s.collect("[" + string(s.failures) + "]")
	}
	line = s.appendEntities(line)
	if lat, long := s.row[envelope.GeoLatitude], s.row[envelope.GeoLongitude]; lat.Set && long.Set {
		line = append(append(append(append(line, `"geo_location":"`...), lat.Text...), ','), long.Text...)
		line = append(line, `",`...)
	}
	line = append(append(line, `"weir":`...), s.row[columns.Weir].Text...)
	return append(line, '}'), nil
}

// ContentType implements [Format].
func (Analytics) ContentType() string { return "application/json" }

// appendColumn appends a member and a comma, nothing for null and empty text.
func appendColumn(line []byte, f envelope.Field, v *columns.Value) []byte {
	if !v.Set {
		return line
	}
	start := len(line)
	line = append(append(append(line, '"'), f.Name()...), `":`...)
	switch f.Kind() {
	case envelope.Boolean:
		line = strconv.AppendBool(line, v.Int == 1)
	case envelope.Integer, envelope.Decimal:
		line = append(line, v.Text...)
	case envelope.Timestamp:
		line = append(append(append(line, '"'), v.Text...), '"')
	default:
		value := len(line)
		if line = appendText(line, v.Text); len(line) == value+len(`""`) {
			return line[:start]
		}
	}
	return append(line, ',')
}

// appendText appends text as a JSON string, without control characters.
func appendText(dst []byte, text string) []byte {
	if _, size := nextControl(text); size > 0 {
		text = string(appendClean(nil, text))
	}
	return envelope.AppendString(dst, text)
}

func (s *snowplow) appendSelfDescribing(line []byte, object string) []byte {
	line = append(line, `"unstruct_event`...)
	n := len(line)
	schema, data := schemaAndData(gjson.Result{Type: gjson.JSON, Raw: object})
	if line = appendName(line, schema); len(line) == n || data == "" {
		line, data = line[:n], object
	}
	return append(append(append(line, `":`...), data...), ',')
}
