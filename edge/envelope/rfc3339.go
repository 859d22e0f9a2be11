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
	form := [24]byte{10: 'T', 19: '.', 20: '0', 21: '0', 22: '0', 23: 'Z'}
	copy(form[:seconds], s)
	if s[10]|0x20 == 't' {
		form[10] = 'T'
	}
	leap := string(form[17:19]) == "60"
	if leap {
		copy(form[17:], "59")
	}
	rest := s[seconds:]
	if rest[0] == '.' {
		n := 1
		for n < len(rest) && rest[n]-'0' <= 9 {
			if n <= 3 {
				form[19+n] = rest[n]
			}
			n++
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
	millis, ok = ParseTime(View(form[:]))
	if leap {
		millis += 1000
	}
	return millis - offset*60_000, ok
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
