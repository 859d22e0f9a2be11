package envelope

// Timestamps an envelope can carry, in milliseconds since the Unix epoch.
const (
	MinTime = -62_167_219_200_000 // 0000-01-01T00:00:00.000Z
	MaxTime = 253_402_300_799_999 // 9999-12-31T23:59:59.999Z
)

// AppendTime appends a time as RFC 3339 in UTC with milliseconds,
// 2026-11-20T23:03:24.123Z. A time outside [MinTime] to [MaxTime] becomes the nearest one inside.
func AppendTime(dst []byte, millis int64) []byte {
	millis = min(max(millis, MinTime), MaxTime)
	days := floorDiv(millis, 86_400_000)
	ms := uint32(millis - days*86_400_000)
	year, month, day := date(days)
	century := uint32(year) / 100
	b := [24]byte{4: '-', 7: '-', 10: 'T', 13: ':', 16: ':', 19: '.', 23: 'Z'}
	put2(b[0:], century)
	put2(b[2:], uint32(year)-100*century)
	put2(b[5:], month)
	put2(b[8:], day)
	put2(b[11:], ms/3_600_000)
	put2(b[14:], ms/60_000%60)
	put2(b[17:], ms/1000%60)
	put2(b[20:], ms%1000/10)
	b[22] = '0' + byte(ms%10)
	return append(dst, b[:]...)
}

func put2(b []byte, n uint32) {
	b[0], b[1] = '0'+byte(n/10), '0'+byte(n%10)
}

// ParseTime reads what [AppendTime] writes, in exactly that form.
func ParseTime(s string) (millis int64, ok bool) {
	if len(s) != len("0000-00-00T00:00:00.000Z") || s[10] != 'T' || s[19] != '.' || s[23] != 'Z' {
		return 0, false
	}
	millis, second, ok := civil(s)
	fraction, digits := number(s[20:23])
	return millis + fraction, ok && digits && second < 60
}

// civil reads the 0000-00-00T00:00:00 that s begins with, a time of the calendar
// whose second may be one of those that only leap seconds are; what stands for
// the T is not looked at.
func civil(s string) (millis, second int64, ok bool) {
	if s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':' {
		return 0, 0, false
	}
	year, a := number(s[0:4])
	month, b := number(s[5:7])
	day, c := number(s[8:10])
	hour, d := number(s[11:13])
	minute, e := number(s[14:16])
	second, f := number(s[17:19])
	if !(a && b && c && d && e && f) || hour > 23 || minute > 59 || second > 60 {
		return 0, 0, false
	}
	days := daysFrom(year, month, day)
	// What does not come out as it went in is no day of the calendar: 30 February, the 0th.
	y, m, n := date(days)
	if int64(y) != year || int64(m) != month || int64(n) != day {
		return 0, 0, false
	}
	return days*86_400_000 + hour*3_600_000 + minute*60_000 + second*1000, second, true
}

func number(digits string) (n int64, ok bool) {
	for i := range len(digits) {
		c := digits[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + int64(c)
	}
	return n, true
}

// date turns days since 1970-01-01 into a date of the proleptic Gregorian
// calendar, counting years from March so that the leap day comes last. It is
// right from 400 years before the year 0 on, to where 32 bits end.
func date(days int64) (year int, month, day uint32) {
	n := uint32(days + 719_468 + 146_097) // from -0400-03-01
	era := n / 146_097
	doe := n - era*146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	year = int(yoe+era*400) - 400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// daysFrom is the inverse of date.
func daysFrom(year, month, day int64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + day - 1
	return era*146_097 + yoe*365 + yoe/4 - yoe/100 + doy - 719_468
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
