package main

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

// appendOutcome appends the JSON form of out. A batch is text: envelopes are
// JSON, which is UTF-8 whatever the tracker sent.
func appendOutcome(dst []byte, out *collector.Outcome) []byte {
	dst = append(dst, `{"ack":"`...)
	dst = append(dst, out.Ack.String()...)
	dst = append(dst, '"')
	if len(out.Batch) > 0 {
		dst = append(dst, `,"batch_id":`...)
		dst = envelope.AppendString(dst, out.BatchID)
		dst = append(dst, `,"batch":`...)
		dst = envelope.AppendString(dst, envelope.View(out.Batch))
	}
	dst = append(dst, `,"response":`...)
	dst = appendResponse(dst, &out.Response)
	if out.Refusal.Status != 0 {
		dst = append(dst, `,"refusal":`...)
		dst = appendResponse(dst, &out.Refusal)
	}
	return append(dst, '}')
}

func appendResponse(dst []byte, resp *protocol.Response) []byte {
	dst = append(dst, `{"status":`...)
	dst = strconv.AppendInt(dst, int64(resp.Status), 10)
	dst = append(dst, `,"headers":[`...)
	for i, h := range resp.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '[')
		dst = envelope.AppendString(dst, h.Name)
		dst = append(dst, ',')
		dst = envelope.AppendString(dst, h.Value)
		dst = append(dst, ']')
	}
	dst = append(dst, ']')
	switch {
	case len(resp.Body) == 0:
	case utf8.Valid(resp.Body):
		dst = append(dst, `,"body":`...)
		dst = envelope.AppendString(dst, envelope.View(resp.Body))
	default:
		dst = append(dst, `,"body_base64":"`...)
		dst = base64.StdEncoding.AppendEncode(dst, resp.Body)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}
