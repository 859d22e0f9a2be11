package snowplow

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// convert turns the value of a parameter into its column. A value that does
// not fit violates the atomic schema and is kept among the rejected.
func (a *Adapter) convert(e *envelope.Event, id int, value string) {
	p := &parameters[id]
	if p.conv != ignored && value == "" {
		return // an empty value is null
	}
	var keyword, message string
	switch p.conv {
	case plainText:
		e.Fill(&a.arena, p.field, p.name, value)
	case trackerName:
		if envelope.IndexAny(value, ":;") >= 0 {
			keyword, message = "pattern", "must not contain ':' or ';'"
		} else {
			e.Fill(&a.arena, p.field, p.name, value)
		}
	case address:
		if i := envelope.IndexAny(value, ",| "); i >= 0 {
			value = value[:i]
		}
		e.Fill(&a.arena, p.field, p.name, value)
	case integer:
		if n, ok := parseInt32(value); ok {
			e.SetInt(p.field, n)
		} else if value != "null" {
			keyword, message = "type", "must be a decimal integer of 32 bits"
		}
	case boolean:
		if value == "0" || value == "1" {
			e.SetBool(p.field, value == "1")
		} else {
			keyword, message = "enum", "must be 0 or 1"
		}
	case decimal:
		if number, ok := a.number(value); ok {
			e.Set(p.field, number)
		} else if value != "null" {
			keyword, message = "type", "must be a decimal number"
		}
	case timestamp:
		if ms, ok := parseInt(value); ok && ms >= envelope.MinTime && ms <= envelope.MaxTime {
			e.SetInt(p.field, ms)
		} else {
			keyword, message = "format", "must be milliseconds since the Unix epoch, within the years 0 to 9999"
		}
	case uuid:
		if envelope.IsUUID(value) {
			e.Set(p.field, a.lower(value))
		} else {
			keyword, message = "format", "must be a UUID of 36 characters"
		}
	case dimensions:
		w, h, _ := strings.Cut(value, "x")
		width, ok := parseDigits(w)
		height, ok2 := parseDigits(h)
		if ok && ok2 {
			e.SetInt(p.field, width)
			e.SetInt(p.field+1, height)
		} else {
			keyword, message = "pattern", "must be WIDTHxHEIGHT, two decimal integers of 32 bits"
		}
	case eventCode:
		if name, ok := eventName(value); ok {
			e.Set(p.field, name)
		} else {
			keyword, message = "enum", "must be one of pv, pp, ue, se, tr, ti, ev, ad"
		}
	case platform:
		if isPlatform(value) {
			e.Set(p.field, value)
		} else {
			keyword, message = "enum", "must be one of web, mob, pc, srv, app, tv, cnsl, iot, headset"
		}
	case unstruct:
		a.setUnstruct(e, id, envelope.ViewBytes(value))
	case unstruct64:
		a.setUnstruct(e, id, protocol.DecodeBase64(&a.arena, value))
	case entities:
		a.setContexts(e, id, envelope.ViewBytes(value))
	case entities64:
		a.setContexts(e, id, protocol.DecodeBase64(&a.arena, value))
	}
	if keyword != "" {
		e.Misfit(p.field, keyword, message, p.name, value)
	}
}

func eventName(code string) (string, bool) {
	switch code {
	case "pv":
		return "page_view", true
	case "pp":
		return "page_ping", true
	case "ue":
		return "unstruct", true
	case "se", "ev":
		return "struct", true
	case "tr":
		return "transaction", true
	case "ti":
		return "transaction_item", true
	case "ad":
		return "ad_impression", true
	}
	return "", false
}

func isPlatform(s string) bool {
	switch s {
	case "web", "mob", "pc", "srv", "app", "tv", "cnsl", "iot", "headset":
		return true
	}
	return false
}

func (a *Adapter) lower(s string) string {
	for i := range len(s) {
		if s[i]-'A' < 26 {
			b := append(a.arena.Bytes(len(s)), s...)
			for i, c := range b {
				if c-'A' < 26 {
					b[i] = c + 'a' - 'A'
				}
			}
			return a.arena.KeepString(b)
		}
	}
	return s
}

// parseInt reads an integer of at most 18 digits, with an optional sign.
func parseInt(s string) (int64, bool) {
	digits := s
	if s != "" && (s[0] == '-' || s[0] == '+') {
		digits = s[1:]
	}
	if digits == "" || len(digits) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(digits[i]-'0')
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}

func parseInt32(s string) (int64, bool) {
	n, ok := parseInt(s)
	return n, ok && n == int64(int32(n))
}

func parseDigits(s string) (int64, bool) {
	if s == "" || s[0]-'0' > 9 {
		return 0, false
	}
	return parseInt32(s)
}

// Decimals beyond these bounds are refused: no column of a warehouse holds
// them, and some readers would expand 1e999999999.
const (
	maxDecimalLength   = 128
	maxDecimalExponent = 308
)

// number turns what java.math.BigDecimal reads ("+1.50", ".5", "5.", "007",
// "1E+3") into a JSON number of the same digits.
func (a *Adapter) number(s string) (string, bool) {
	if len(s) > maxDecimalLength {
		return "", false
	}
	i := 0
	negative := s[0] == '-'
	if negative || s[0] == '+' {
		i++
	}
	whole := i
	for i < len(s) && s[i]-'0' <= 9 {
		i++
	}
	wholeEnd := i
	fraction := i
	if i < len(s) && s[i] == '.' {
		fraction = i + 1
		for i++; i < len(s) && s[i]-'0' <= 9; i++ {
		}
	}
	fractionEnd := i
	if wholeEnd == whole && fractionEnd == fraction {
		return "", false
	}
	exponent := ""
	if i < len(s) {
		n, ok := int64(0), false
		if s[i]|0x20 == 'e' {
			exponent = s[i+1:]
			n, ok = parseInt(exponent)
		}
		if !ok || n > maxDecimalExponent || n < -maxDecimalExponent {
			return "", false
		}
	}
	for whole < wholeEnd-1 && s[whole] == '0' {
		whole++
	}
	// Most numbers are JSON already.
	point := fraction > wholeEnd
	if s[0] != '+' && whole < wholeEnd && point == (fraction < fractionEnd) && (whole == 0 || negative && whole == 1) {
		return s, true
	}
	b := a.arena.Bytes(len(s) + 2)
	if negative {
		b = append(b, '-')
	}
	if whole == wholeEnd {
		b = append(b, '0')
	}
	b = append(b, s[whole:wholeEnd]...)
	if fraction < fractionEnd {
		b = append(append(b, '.'), s[fraction:fractionEnd]...)
	}
	if exponent != "" {
		b = append(append(b, 'e'), exponent...)
	}
	return a.arena.KeepString(b), true
}
