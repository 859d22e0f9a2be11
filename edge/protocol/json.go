package protocol

import (
	"weir/edge/envelope"
	"weir/schemas/scan"
)

// Text returns a JSON string, unescaped: the bytes of the document itself where
// nothing is escaped, else memory of the arena.
func Text(a *envelope.Arena, t scan.Text) string {
	if !t.Escaped {
		return envelope.View(t.Raw)
	}
	return a.KeepString(t.Append(a.Bytes(len(t.Raw))))
}

// Syntax words a fault of the JSON grammar as the keyword and the message of a violation.
func Syntax(code scan.Code) (keyword, message string) {
	if code == scan.TooDeep {
		return "depth", code.String()
	}
	return "syntax", code.String()
}
