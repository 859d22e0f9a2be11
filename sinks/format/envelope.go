package format

import "weir/sinks"

// Envelope is the event as it is: see weir/edge/envelope.
type Envelope struct{}

// Append implements [Format].
func (Envelope) Append(dst []byte, e sinks.Event) ([]byte, error) {
	if err := sinks.CheckLine(e.Envelope); err != nil {
		return dst, err
	}
	return append(dst, e.Envelope...), nil
}

// ContentType implements [Format].
func (Envelope) ContentType() string { return "application/json" }
