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
	const form = "0000-00-00T00:00:00.000Z"
	if len(s) != len(form) {
		return 0, false
	}
	for i := range len(form) {
		if form[i] == '0' && s[i]-'0' > 9 || form[i] != '0' && s[i] != form[i] {
			return 0, false
		}
	}
	number := func(from, to int) (n int64) {
		for ; from < to; from++ {
			n = n*10 + int64(s[from]-'0')
		}
		return n
	}
	millis = daysFrom(number(0, 4), number(5, 7), number(8, 10))*86_400_000 +
		number(11, 13)*3_600_000 + number(14, 16)*60_000 + number(17, 19)*1000 + number(20, 23)
	// What does not come out as it went in was no time of the calendar: 30 February, 25 o'clock.
	var buf [len(form)]byte
	return millis, string(AppendTime(buf[:0], millis)) == s
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
