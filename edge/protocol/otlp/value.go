package otlp

import (
	"weir/edge/envelope"
	"weir/schemas/scan"
)

// Scanners are handed on by value: what recursive functions get a pointer to is allocated.

// appendAttributes appends the object that the list of keys and values says
// that s is at, and returns s behind it. What is no such list stays as it is: an
// object, which some write by hand, says the same.
func appendAttributes(dst []byte, s scan.Scanner) ([]byte, scan.Scanner) {
	start, first := s, len(dst)
	if s.Kind() != scan.Array {
		return append(dst, s.Skip()...), s
	}
	dst = append(dst, '{')
	var member scan.Text
	for s.Array(); s.Item(); {
		if s.Kind() != scan.Object {
			return append(dst[:first], start.Skip()...), start
		}
		value, valued := s, false
		var name []byte
		for s.Object(); s.Member(&member); {
			if member.Is("value") {
				value, valued = s, true
			}
			if content := s.Skip(); member.Is("key") && content[0] == '"' {
				name = content[1 : len(content)-1]
			}
		}
		if len(dst) > first+1 {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), name...), '"', ':')
		if valued {
			dst, _ = appendValue(dst, value)
		} else {
			dst = append(dst, "null"...)
		}
	}
	return append(dst, '}'), s
}

// appendValue appends the JSON that the AnyValue says that s is at: a string, a
// number for {"intValue":"7"}, an object for a kvlistValue. What is none stays as
// it is.
func appendValue(dst []byte, s scan.Scanner) ([]byte, scan.Scanner) {
	start, first := s, len(dst)
	if s.Kind() != scan.Object {
		return append(dst, s.Skip()...), s
	}
	count := 0
	var member scan.Text
	for s.Object(); s.Member(&member); {
		count++
		switch {
		case count > 1:
			s.Skip()
		case member.Is("stringValue"), member.Is("boolValue"), member.Is("doubleValue"), member.Is("bytesValue"):
			dst = append(dst, s.Skip()...)
		case member.Is("intValue"):
			value := s.Skip()
			if digits := value[1:max(1, len(value)-1)]; value[0] == '"' && isInteger(envelope.View(digits)) {
				value = digits
			}
			dst = append(dst, value...)
		case member.Is("arrayValue"):
			dst, s = appendValues(dst, s, false)
		case member.Is("kvlistValue"):
			dst, s = appendValues(dst, s, true)
		default:
			count++
			s.Skip()
		}
	}
	switch count {
	case 0:
		return append(dst, "null"...), s
	case 1:
		return dst, s
	}
	return append(dst[:first], start.Skip()...), s
}

// appendValues appends the values of an ArrayValue, or those of a KeyValueList.
func appendValues(dst []byte, s scan.Scanner, named bool) ([]byte, scan.Scanner) {
	if s.Kind() != scan.Object {
		return append(dst, s.Skip()...), s
	}
	first := len(dst)
	var member scan.Text
	for s.Object(); s.Member(&member); {
		switch {
		case !member.Is("values") || s.Kind() != scan.Array:
			s.Skip()
		case named:
			dst, s = appendAttributes(dst[:first], s)
		default:
			dst = append(dst[:first], '[')
			for s.Array(); s.Item(); {
				if len(dst) > first+1 {
					dst = append(dst, ',')
				}
				dst, s = appendValue(dst, s)
			}
			dst = append(dst, ']')
		}
	}
	switch {
	case len(dst) > first:
		return dst, s
	case named:
		return append(dst, "{}"...), s
	}
	return append(dst, "[]"...), s
}

// isInteger reports whether s is a number of JSON that has digits alone, 19 at most.
func isInteger(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return s == "0" || s != "" && s[0] != '0' && len(s) <= 19
}

// millis reads nanoseconds since the Unix epoch, a string or a number, and
// returns milliseconds. Zero means that there is no time.
func millis(s string) (ms int64, ok bool) {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		if i < len(s)-6 {
			ms = ms*10 + int64(s[i]-'0')
		}
	}
	return ms, s != "" && s != "0" && len(s) <= 20 && ms <= envelope.MaxTime
}
