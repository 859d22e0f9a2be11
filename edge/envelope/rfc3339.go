package envelope

import "strings"

// ParseRFC3339 reads a time as RFC 3339 section 5.6 lets it be written: any
// fraction of a second, which is cut to milliseconds, any offset, and a leap
// second, which counts as the first of the next minute.
func ParseRFC3339(s string) (millis int64, ok bool) {
	const seconds = len("0000-00-00T00:00:00")
	if len(s) < seconds+1 {
		return 0, false
	}
	if s[10]|0x20 != 't' {
		return 0, false
	}
	millis, _, ok = civil(s)
	if !ok {
		return 0, false
	}
	rest := s[seconds:]
	if rest[0] == '.' {
		n := 1
		for scale := int64(100); n < len(rest) && rest[n]-'0' <= 9; n++ {
			millis += int64(rest[n]-'0') * scale
			scale /= 10
		}
		if n == 1 {
			return 0, false
		}
		rest = rest[n:]
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, false
	}
	return millis - offset*60_000, true
}

// parseOffset reads Z or ±hh:mm and returns minutes.
func parseOffset(s string) (minutes int64, ok bool) {
	if strings.EqualFold(s, "Z") {
		return 0, true
	}
	if len(s) != len("+00:00") || s[0] != '+' && s[0] != '-' || s[3] != ':' {
		return 0, false
	}
	for _, i := range [...]int{1, 2, 4, 5} {
		if s[i]-'0' > 9 {
			return 0, false
		}
	}
	hours, minutes := int64(s[1]-'0')*10+int64(s[2]-'0'), int64(s[4]-'0')*10+int64(s[5]-'0')
	if hours > 23 || minutes > 59 {
		return 0, false
	}
	if minutes += hours * 60; s[0] == '-' {
		minutes = -minutes
	}
	return minutes, true
}
