package abi

import (
	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

// AppendOutcome appends the outcome frame of out to dst.
func AppendOutcome(dst []byte, out *collector.Outcome) []byte {
	start := len(dst)
	dst = begin(dst, byte(out.Ack))
	dst = appendString(dst, out.BatchID)
	dst = appendBytes(dst, out.Batch)
	dst = appendResponse(dst, &out.Response)
	dst = appendResponse(dst, &out.Refusal)
	return end(dst, start)
}

// DecodeOutcome fills out from an outcome frame. What it holds afterwards
// shares the frame's bytes; the room of its header lists is used again. On an
// error out is not to be used.
func DecodeOutcome(out *collector.Outcome, frame []byte) error {
	r, ack, zero := open(frame)
	if r.err == nil && (envelope.Ack(ack) > envelope.AckFast || zero != 0) {
		return ErrValue
	}
	out.Ack = envelope.Ack(ack)
	out.BatchID = r.string()
	out.Batch = r.bytes()
	r.response(&out.Response)
	r.response(&out.Refusal)
	return r.close()
}

func appendResponse(dst []byte, resp *protocol.Response) []byte {
	dst = appendUint32(dst, resp.Status)
	dst = appendHeaders(dst, resp.Headers)
	return appendBytes(dst, resp.Body)
}

func (r *reader) response(resp *protocol.Response) {
	status := r.uint32()
	if r.err == nil && status > 999 {
		r.fail(ErrValue)
	}
	resp.Status = int(status)
	resp.Headers = r.headers(resp.Headers[:0])
	resp.Body = r.bytes()
}
