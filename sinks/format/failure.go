package format

import (
	"strings"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/sinks/columns"
)

// failureSchema is that of the derived contexts by which the Snowplow pipeline
// marks failed events.
const failureSchema = "iglu:com.snowplowanalytics.snowplow/failure/jsonschema/1-0-0"

// unknownSchema is the keyword of the violation of an event whose schema no
// registry holds.
const unknownSchema = "unknownSchema"

// appendFailures appends the violations of an event as such contexts, between commas.
func appendFailures(dst []byte, row *columns.Row) []byte {
	version, ok := strings.CutPrefix(row[envelope.VCollector].Text, "weir-")
	if !ok { // a tracker may claim to be the collector
		version = "unknown"
	}
	object := gjson.Result{Type: gjson.JSON, Raw: row[columns.Weir].Text}
	object.Get("violations").ForEach(func(_, v gjson.Result) bool {
		if len(dst) > 0 {
			dst = append(dst, ',')
		}
		path := v.Get("path").Str
		source, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		keyword := v.Get("keyword").Str
		dst = append(dst, `{"schema":"`+failureSchema+`","data":{"failureType":"`...)
		if keyword == unknownSchema {
			dst = append(dst, "Resolution"...)
		} else {
			dst = append(dst, "Validation"...)
		}
		dst = append(dst, `Error","errors":[{`...)
		dst = appendMember(dst, `"message":`, v.Get("message").Str)
		dst = appendMember(dst, `,"source":`, source)
		dst = appendMember(dst, `,"path":`, path)
		dst = append(appendMember(dst, `,"keyword":`, keyword), "}]"...)
		if schema := v.Get("schema").Str; schema != "" {
			dst = appendMember(dst, `,"schema":`, schema)
		}
		dst = appendMember(dst, `,"timestamp":`, row[envelope.CollectorTstamp].Text)
		dst = append(appendMember(dst, `,"componentName":"weir","componentVersion":`, version), "}}"...)
		return true
	})
	return dst
}

func appendMember(dst []byte, name, text string) []byte {
	return envelope.AppendString(append(dst, name...), text)
}
