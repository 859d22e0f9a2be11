package privacy

import (
	"unicode/utf8"

	"weir/edge/envelope"
)

// apply appends to dst what the action makes of a text, and reports whether
// anything may be kept of it: false means that the value must be dropped. What an
// action cannot do to this text is dropped: it never passes for want of a rule.
func (a *Action) apply(dst []byte, text string, key *Key) ([]byte, bool) {
	switch a.kind {
	case kindKeep:
		return append(dst, text...), true
	case kindHash:
		return key.appendAs(dst, text, a.as)
	case kindReplace:
		return append(dst, a.with...), true
	case kindMask:
		return a.mask(dst, text), true
	case kindTruncate:
		return a.truncate(dst, text)
	case kindGeneralise:
		switch a.to {
		case decade:
			return appendDecade(dst, text)
		case family:
			return appendFamily(dst, text), true
		case origin:
			return appendOrigin(dst, text)
		}
	case kindScrub:
		return a.scrub(dst, text), true
	}
	return dst, false
}

// mask replaces all but the first and last code points by stars. A text too
// short to hide anything between them is masked as a whole.
func (a *Action) mask(dst []byte, text string) []byte {
	n := utf8.RuneCountInString(text)
	start, end := a.keepStart, n-a.keepEnd
	if start+a.keepEnd >= n {
		start, end = 0, n
	}
	i := 0
	for _, r := range text {
		if i < start || i >= end {
			dst = utf8.AppendRune(dst, r)
		} else {
			dst = append(dst, '*')
		}
		i++
	}
	return dst
}

func (a *Action) truncate(dst []byte, text string) ([]byte, bool) {
	switch {
	case a.prefix4 >= 0:
		addr, ok := ParseAddress(text)
		if !ok {
			return dst, false
		}
		return addr.Truncate(a.prefix4, a.prefix6).Append(dst), true
	case a.unit != noUnit:
		return appendTimeUnit(dst, text, a.unit)
	case a.decimals >= 0:
		return appendDecimals(dst, text, a.decimals)
	}
	n := 0
	for i := range text {
		if n == a.length {
			return append(dst, text[:i]...), true
		}
		n++
	}
	return append(dst, text...), true
}

// appendDecimals cuts a decimal number after so many decimals. A number with an
// exponent is no coordinate and is dropped.
func appendDecimals(dst []byte, text string, decimals int) ([]byte, bool) {
	point := -1
	for i := range len(text) {
		switch c := text[i]; {
		case c == '.' && point < 0:
			point = i
		case c == '-' && i == 0, c-'0' <= 9:
		default:
			return dst, false
		}
	}
	if point < 0 || point+1+decimals >= len(text) {
		return append(dst, text...), text != ""
	}
	if decimals == 0 {
		return append(dst, text[:point]...), point > 0
	}
	return append(dst, text[:point+1+decimals]...), true
}

// appendTimeUnit cuts a date or a time of RFC 3339 to the beginning of its
// minute, hour, day, month or year, in its own offset.
func appendTimeUnit(dst []byte, text string, u unit) ([]byte, bool) {
	const date, seconds = "0000-00-00", "0000-00-00T00:00:00"
	if len(text) == len(date) {
		n := len(dst)
		dst = append(append(dst, text...), "T00:00:00Z"...)
		_, ok := envelope.ParseRFC3339(envelope.View(dst[n:]))
		if dst = dst[:n]; !ok {
			return dst, false
		}
		return cutDate(dst, text, u), true
	}
	if _, ok := envelope.ParseRFC3339(text); !ok {
		return dst, false
	}
	zone := len(seconds)
	for zone < len(text) && (text[zone] == '.' || text[zone]-'0' <= 9) {
		zone++
	}
	dst = append(cutDate(dst, text[:len(date)], u), 'T')
	switch u {
	case minute:
		dst = append(append(dst, text[len("0000-00-00T"):len("0000-00-00T00:00")]...), ":00"...)
	case hour:
		dst = append(append(dst, text[len("0000-00-00T"):len("0000-00-00T00")]...), ":00:00"...)
	default:
		dst = append(dst, "00:00:00"...)
	}
	return append(dst, text[zone:]...), true
}

func cutDate(dst []byte, date string, u unit) []byte {
	switch u {
	case month:
		return append(append(dst, date[:len("0000-00")]...), "-01"...)
	case year:
		return append(append(dst, date[:len("0000")]...), "-01-01"...)
	}
	return append(dst, date...)
}

// appendDecade rounds a year, or any integer without a sign, down to tens.
func appendDecade(dst []byte, text string) ([]byte, bool) {
	for i := range len(text) {
		if text[i]-'0' > 9 {
			return dst, false
		}
	}
	if text == "" {
		return dst, false
	}
	if len(text) > 1 {
		dst = append(dst, text[:len(text)-1]...)
	}
	return append(dst, '0'), true
}
