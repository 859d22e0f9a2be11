package postgres

import (
	"strings"

	"weir/sinks/columns"
)

// appendLine appends a row in the text format of COPY: values separated by tabs,
// \N for null, backslash escapes. The newline is the caller's.
func appendLine(dst []byte, row *columns.Row) []byte {
	for i, v := range row {
		if i > 0 {
			dst = append(dst, '\t')
		}
		switch t := columns.All[i].Type; {
		case !v.Set:
			dst = append(dst, `\N`...)
		case t == columns.Boolean:
			dst = append(dst, "ft"[v.Int])
		case t == columns.Timestamp && strings.HasPrefix(v.Text, "0000-"):
			// There is no year 0: it is 1 BC.
			dst = append(append(append(dst, "0001-"...), v.Text[5:]...), " BC"...)
		case t == columns.Text || t == columns.JSON:
			dst = columns.AppendEscaped(dst, v.Text)
		default:
			dst = append(dst, v.Text...)
		}
	}
	return dst
}
