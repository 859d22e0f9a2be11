package privacy

import "weir/edge/envelope"

// finder finds the addresses in a text that are more exact than v4 and v6 bits.
type finder struct {
	arena  *envelope.Arena
	text   string
	v4, v6 int

	at       int // where to go on
	until    int // the end of the run of address characters around at
	spelling []byte

	// The last finding: text[start:end] is to become address.
	start, end int
	address    Address
}

// longestAddress is the length of an IPv6 address with an IPv4 tail, in full.
const longestAddress = len("0000:0000:0000:0000:0000:ffff:255.255.255.255")

// longestSpelling leaves room for some punctuation around an address.
const longestSpelling = longestAddress + 19

// next finds the next address. It reads a byte thrice at most.
func (f *finder) next() bool {
	for {
		if f.at < f.until {
			if f.dotted() {
				return true
			}
			continue
		}
		if f.at >= len(f.text) {
			return false
		}
		c, size := symbol(f.text, f.at)
		if !inAddress(c) {
			f.at += size
			continue
		}
		if f.run() {
			return true
		}
	}
}

// run measures the run of address characters that begins at f.at, and finds
// the IPv6 address that it is, or may hold. It leaves other runs to dotted.
func (f *finder) run() bool {
	n, digits, colons, dots, gaps := 0, 0, 0, 0, 0
	j := f.at
	for last := byte(0); j < len(f.text); n++ {
		c, size := symbol(f.text, j)
		switch {
		case c == ':':
			colons++
			if last == ':' {
				gaps++
			}
		case c == '.':
			dots++
		case hexValue(c) >= 0:
			digits++
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		j += size
		last = c
	}
	f.until = j
	if colons < 2 || digits == 0 || f.v6 >= 128 {
		return false
	}
	if n <= longestSpelling {
		if exact, found := f.exact(); exact {
			f.at = f.until
			return found
		}
	}
	if gaps == 0 && colons < 7 && (colons < 6 || dots < 3) {
		return false
	}
	f.start, f.end, f.address = f.at, f.until, Address{}
	f.at = f.until
	return true
}

// exact reports whether the run, without the punctuation around it, is an
// IPv6 address, and whether that is more exact than it may be.
func (f *finder) exact() (exact, found bool) {
	s := f.spell(f.at, f.until)
	from, to := 0, len(s)
	for from < to && (s[from] == '.' || s[from] == ':' && from+1 < to && s[from+1] != ':') {
		from++
	}
	for to > from && (s[to-1] == '.' || s[to-1] == ':' && to-2 >= from && s[to-2] != ':') {
		to--
	}
	a, ok := ParseAddress(s[from:to])
	if !ok {
		return false, false
	}
	start, end := f.skip(f.at, from), f.skip(f.at, to)
	if from > 0 && s[from-1] == ':' {
		colon := f.skip(f.at, from-1)
		if colon > 0 && hexValue(f.text[colon-1]) >= 0 {
			return false, false // what seems to be an escape before the colon may be the first group
		}
	}
	short := a.Truncate(f.v4, f.v6)
	if short == a {
		return true, false
	}
	// A colon next to "::" would make it unreadable.
	if from > 0 && !short.v4 && short.group(0) == 0 {
		start = f.at
	}
	if to < len(s) && s[to] == ':' {
		end = f.until
	}
	f.start, f.end, f.address = start, end, short
	return true, true
}

// dotted finds the next IPv4 address within the run: four numbers joined by
// dots, or more numbers among which four can be an address if digits belong
// to the text around them. It moves f.at beyond what it has read.
func (f *finder) dotted() bool {
	c, size := symbol(f.text, f.at)
	// The digits of what seems to be an escape may be the first number.
	borrowed := c == '.' && f.at > 0 && mayBorrow(f.text[f.at-1])
	if f.v4 >= 32 || !borrowed && !isDigit(c) {
		f.at += size
		return false
	}
	start, end := f.at, f.at
	numbers, digits, value := 0, 0, 0
	second, third := 0, 0 // of the last four numbers
	may := false
	if borrowed {
		numbers = 1
		f.at += size
	}
	for {
		c, size = 0, 0
		if f.at < f.until {
			c, size = symbol(f.text, f.at)
		}
		if isDigit(c) {
			value = min(10*value+int(c-'0'), 256)
			digits++
			f.at += size
			end = f.at
			continue
		}
		if digits == 0 {
			break
		}
		numbers++
		may = may || numbers >= 4 && second <= 255 && third <= 255
		second, third = third, value
		digits, value = 0, 0
		if c != '.' {
			break
		}
		f.at += size
	}
	if !may {
		return false
	}
	f.start, f.end, f.address = start, end, Address{v4: true}
	if numbers == 4 && !borrowed {
		if a, ok := ParseAddress(f.spell(start, end)); ok {
			f.address = a.Truncate(f.v4, f.v6)
			return f.address != a
		}
	}
	return true
}

// spell returns what f.text[from:to] spells without its escapes, up to longestSpelling.
func (f *finder) spell(from, to int) string {
	run := f.text[from:to]
	if !escaped(run) {
		return run
	}
	if f.spelling == nil {
		f.spelling = f.arena.Keep(f.arena.Bytes(longestSpelling)[:longestSpelling])
	}
	n := 0
	for n < longestSpelling && from < to {
		c, size := symbol(f.text, from)
		f.spelling[n] = c
		from += size
		n++
	}
	return envelope.View(f.spelling[:n])
}

// skip returns where the nth symbol from i on begins.
func (f *finder) skip(i, n int) int {
	for range n {
		_, size := symbol(f.text, i)
		i += size
	}
	return i
}

func inAddress(c byte) bool { return c == ':' || c == '.' || hexValue(c) >= 0 }

// mayBorrow reports whether the first number of an address may have been taken
// for an escape that ends in c, or that became c.
func mayBorrow(c byte) bool { return hexValue(c) >= 0 || c == '%' || c == eaten }

func isDigit(c byte) bool { return c-'0' <= 9 }
