package format

// Dates and times are those of RFC 3339, section 5.6.

func isDateTime(s []byte) bool {
	return len(s) > 11 && s[10]|0x20 == 't' && isDate(s[:10]) && isTime(s[11:])
}

func isDate(s []byte) bool {
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return false
	}
	century, ok1 := twoDigits(s)
	year, ok2 := twoDigits(s[2:])
	month, ok3 := twoDigits(s[5:])
	day, ok4 := twoDigits(s[8:])
	if !ok1 || !ok2 || !ok3 || !ok4 || month < 1 || month > 12 || day < 1 {
		return false
	}
	if day <= 28 {
		return true
	}
	switch month {
	case 2:
		if year == 0 {
			year = century
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
	if len(s) < 9 || s[2] != ':' || s[5] != ':' {
		return false
	}
	hour, ok1 := twoDigits(s)
	minute, ok2 := twoDigits(s[3:])
	second, ok3 := twoDigits(s[6:])
	if !ok1 || !ok2 || !ok3 || hour > 23 || minute > 59 || second > 60 {
		return false
	}
	s = s[8:]
	if s[0] == '.' {
		n := span(s[1:], digit)
		if n == 0 {
			return false
		}
		s = s[1+n:]
	}
	if len(s) == 1 && s[0]|0x20 == 'z' {
		return second < 60 || hour == 23 && minute == 59
	}
	if len(s) != 6 || s[3] != ':' || s[0] != '+' && s[0] != '-' {
		return false
	}
	offsetHour, ok1 := twoDigits(s[1:])
	offsetMinute, ok2 := twoDigits(s[4:])
	if !ok1 || !ok2 || offsetHour > 23 || offsetMinute > 59 {
		return false
	}
	if second < 60 {
		return true
	}
	offset := offsetHour*60 + offsetMinute
	if s[0] == '+' {
		offset = -offset
	}
	const day = 24 * 60
	return (hour*60+minute+offset+day)%day == day-1
}

func twoDigits(s []byte) (v int, ok bool) {
	tens, units := s[0]-'0', s[1]-'0'
	return int(tens)*10 + int(units), tens <= 9 && units <= 9
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
