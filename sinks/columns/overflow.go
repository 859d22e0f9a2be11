package columns

import (
	"fmt"
	"strconv"
	"strings"
)

// Overflow is a column beside [All], for databases whose numbers and times are
// narrower than the envelope's. It holds what their columns cannot: see [Row.Narrow].
var Overflow = Column{Name: "weir_overflow", Type: JSON}

// Narrow takes the timestamps and decimals out of the row that do not fit their
// column: the column becomes null, and the value is appended to dst, which
// becomes one JSON object by column name, spelled as in the envelope. Nothing is
// appended when all fit. A required column cannot be null: that is the error.
func (r *Row) Narrow(dst []byte, fits func(Type, Value) bool) ([]byte, error) {
	separator := byte('{')
	for i := range r {
		v, c := r[i], All[i]
		if !v.Set || c.Type != Timestamp && c.Type != Decimal || fits(c.Type, v) {
			continue
		}
		if c.Required {
			return dst, fmt.Errorf("column %s: outside of what it can hold", c.Name)
		}
		dst = strconv.AppendQuote(append(dst, separator), c.Name)
		dst = append(dst, ':')
		if c.Type == Timestamp {
			dst = strconv.AppendQuote(dst, v.Text)
		} else {
			dst = append(dst, v.Text...)
		}
		separator, r[i] = ',', Value{}
	}
	if separator == ',' {
		dst = append(dst, '}')
	}
	return dst, nil
}

// Digits says how many digits a decimal needs before and behind its point when
// it is written out without an exponent.
func Digits(number string) (integer, fraction int) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(number, "-")), "e")
	before, after, _ := strings.Cut(mantissa, ".")
	shift, _ := strconv.Atoi(exponent) // within MaxDecimal; 0 when there is none
	digits, point := before+after, len(before)+shift
	significant := strings.TrimLeft(digits, "0")
	if significant == "" {
		return 0, 0
	}
	first := len(digits) - len(significant)
	end := len(strings.TrimRight(digits, "0"))
	return max(0, point-first), max(0, end-point)
}
