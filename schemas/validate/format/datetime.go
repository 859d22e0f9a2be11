package format

import "weir/schemas/scan"

// Dates and times are those of RFC 3339, section 5.6.

func isDateTime(s []byte) bool {
	return len(s) > 11 && s[10]|0x20 == 't' && isDate(s[:10]) && isTime(s[11:])
}

// Eight characters at a time: exclusive or with a template leaves the values of
// digits, and zero where a mark stands. Adding what is missing to sixteen then
// sets an upper bit for all else.
const (
	upperBits = 0xf0f0f0f0f0f0f0f0

	dateTemplate = '0'*0x0001010001010101 + '-'*0x0100000100000000 // 0000-00-
	dateMissing  = 0x0f06060f06060606
	timeTemplate = '0'*0x0101000101000101 + ':'*0x0000010000010000 // 00:00:00
	timeMissing  = 0x06060f06060f0606
)

// fields returns the values of the digits in the eight characters x, a byte each,
// or what is above 1<<63 if a character does not fit the template.
func fields(x, template, missing uint64) uint64 {
	x ^= template
	if (x|(x+missing))&upperBits != 0 {
		return 1 << 63
	}
	return x
}

// pair is the value of two digits, of which the first is byte i of x.
func pair(x uint64, i int) uint {
	return uint(x>>(8*i)&15*10 + x>>(8*i+8)&15)
}

func isDate(s []byte) bool {
	if len(s) != 10 {
		return false
	}
	x := fields(scan.Uint64(s, 0), dateTemplate, dateMissing)
	tens, units := s[8]-'0', s[9]-'0'
	month, day := pair(x, 5), uint(tens)*10+uint(units)
	if x>>63 != 0 || tens > 9 || units > 9 || month-1 > 11 || day == 0 {
		return false
	}
	if day <= 28 {
		return true
	}
	switch month {
	case 2:
		year := pair(x, 2)
		if year == 0 {
			year = pair(x, 0) // the century
		}
		return day == 29 && year%4 == 0
	case 4, 6, 9, 11:
		return day <= 30
	}
	return day <= 31
}

// isTime takes full-time, with its offset. A leap second comes at the end of a
// day of UTC; whether that day had one is not looked up.
func isTime(s []byte) bool {
	if len(s) < 9 {
		return false
	}
	x := fields(scan.Uint64(s, 0), timeTemplate, timeMissing)
	hour, minute, second := pair(x, 0), pair(x, 3), pair(x, 6)
	if x>>63 != 0 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	i := 8
	if s[i] == '.' {
		for i++; i < len(s) && s[i]-'0' < 10; i++ {
		}
		if i == 9 {
			return false
		}
	}
	s = s[i:]
	if len(s) == 1 && s[0]|0x20 == 'z' {
		return second < 60 || hour == 23 && minute == 59
	}
	if len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return false
	}
	x = fields(uint64(scan.Uint32(s, 1))|uint64(s[5])<<32|':'<<40|'0'<<48|'0'<<56, timeTemplate, timeMissing)
	if x>>63 != 0 || pair(x, 0) > 23 || pair(x, 3) > 59 {
		return false
	}
	if second < 60 {
		return true
	}
	const day = 24 * 60
	offset := pair(x, 0)*60 + pair(x, 3)
	if s[0] == '+' {
		offset = day - offset
	}
	return (hour*60+minute+offset)%day == day-1
}

// isDuration takes the durations of RFC 3339, appendix A: units follow one
// another without a gap, and weeks stand alone.
func isDuration(s []byte) bool {
	if len(s) < 3 || s[0] != 'P' {
		return false
	}
	s = s[1:]
	s, last, ok := units(s, "YMD")
	if !ok {
		return false
	}
	if len(s) == 0 {
		return true
	}
	if s[0] == 'W' {
		return len(s) == 1 && last == 'W'
	}
	if s[0] != 'T' || len(s) == 1 {
		return false
	}
	s, _, ok = units(s[1:], "HMS")
	return ok && len(s) == 0
}

// units reads numbers with ascending units, each the next of order. It stops
// before a T, and before the W of a week that stands alone; last is then 'W'.
func units(s []byte, order string) (rest []byte, last byte, ok bool) {
	next := -1
	for len(s) > 0 && s[0] != 'T' {
		n := span(s, digit)
		if n == 0 || n == len(s) {
			return s, 0, false
		}
		unit := s[n]
		if unit == 'W' && next < 0 && order[0] == 'Y' {
			return s[n:], 'W', true
		}
		at := 0
		for at < len(order) && order[at] != unit {
			at++
		}
		if at == len(order) || next >= 0 && at != next {
			return s, 0, false
		}
		next = at + 1
		last = unit
		s = s[n+1:]
	}
	return s, last, true
}
