// Package format spells events for streams and files: what a message of a
// topic or a line of an object holds.
package format

import (
	"fmt"
	"strings"

	"weir/sinks"
)

// Format spells one event at a time. It keeps no state between events and is
// safe for concurrent use.
type Format interface {
	// Append appends the event to dst, on one line and without a newline. An
	// error is the event's fault and stays however often it is tried; dst is
	// then returned as it was.
	Append(dst []byte, e sinks.Event) ([]byte, error)
	// ContentType is the media type of one event.
	ContentType() string
}

// Names lists the formats by the names they have in configuration. Tags of
// configuration spell the same list: enum:"envelope,flat,analytics,tsv".
var Names = []string{"envelope", "flat", "analytics", "tsv"}

// New returns the format of that name. The error names the ones there are.
func New(name string) (Format, error) {
	switch name {
	case "envelope":
		return Envelope{}, nil
	case "flat":
		return Flat{}, nil
	case "analytics":
		return Analytics{}, nil
	case "tsv":
		return TSV{}, nil
	}
	return nil, fmt.Errorf("format: %q is none of %s", name, strings.Join(Names, ", "))
}
