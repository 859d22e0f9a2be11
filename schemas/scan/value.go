package scan

// Space returns the index of the first byte of doc at or after i that is not
// white space, or len(doc).
//
//go:nobounds
func Space(doc []byte, i int) int {
	for i < len(doc) && doc[i] <= ' ' && isSpace(doc[i]) {
		i++
	}
	return i
}

//go:nobounds
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// ValueEnd checks the value at doc[i], whose containers may nest depth deep,
// and returns the index after it. With a code other than OK the index is the
// place of the fault.
func ValueEnd(doc []byte, i, depth int) (int, Code) {
	if i >= len(doc) {
		return i, UnexpectedEnd
	}
	switch c := doc[i]; c {
	case '"':
		end, _, code := StringEnd(doc, i+1)
		if code != OK {
			return end, code
		}
		return end + 1, OK
	case '{':
		if depth <= 0 {
			return i, TooDeep
		}
		return objectEnd(doc, i+1, depth-1)
	case '[':
		if depth <= 0 {
			return i, TooDeep
		}
		return arrayEnd(doc, i+1, depth-1)
	case 't', 'f', 'n':
		return LiteralEnd(doc, i)
	default:
		end, _, code := NumberEnd(doc, i)
		return end, code
	}
}

func objectEnd(doc []byte, i, depth int) (int, Code) {
	i = Space(doc, i)
	if i < len(doc) && doc[i] == '}' {
		return i + 1, OK
	}
	for {
		if i >= len(doc) || doc[i] != '"' {
			return i, atEnd(doc, i)
		}
		end, _, code := StringEnd(doc, i+1)
		if code != OK {
			return end, code
		}
		i = Space(doc, end+1)
		if i >= len(doc) || doc[i] != ':' {
			return i, atEnd(doc, i)
		}
		i, code = ValueEnd(doc, Space(doc, i+1), depth)
		if code != OK {
			return i, code
		}
		i = Space(doc, i)
		if i >= len(doc) {
			return i, UnexpectedEnd
		}
		switch doc[i] {
		case '}':
			return i + 1, OK
		case ',':
			i = Space(doc, i+1)
		default:
			return i, UnexpectedByte
		}
	}
}

func arrayEnd(doc []byte, i, depth int) (int, Code) {
	i = Space(doc, i)
	if i < len(doc) && doc[i] == ']' {
		return i + 1, OK
	}
	for {
		var code Code
		i, code = ValueEnd(doc, i, depth)
		if code != OK {
			return i, code
		}
		i = Space(doc, i)
		if i >= len(doc) {
			return i, UnexpectedEnd
		}
		switch doc[i] {
		case ']':
			return i + 1, OK
		case ',':
			i = Space(doc, i+1)
		default:
			return i, UnexpectedByte
		}
	}
}

const (
	wordNull = 'n' | 'u'<<8 | 'l'<<16 | 'l'<<24
	wordTrue = 't' | 'r'<<8 | 'u'<<16 | 'e'<<24
	wordAlse = 'a' | 'l'<<8 | 's'<<16 | 'e'<<24
)

// Literal returns the index after the literal at doc[i], which begins as true,
// false or null does, or -1 if it is none of them.
//
//go:nobounds
func Literal(doc []byte, i int) int {
	want := uint32(wordNull)
	switch doc[i] {
	case 't':
		want = wordTrue
	case 'f':
		want = wordAlse
		i++
	}
	if len(doc)-i >= 4 && Uint32(doc, i) == want {
		return i + 4
	}
	return -1
}

// LiteralEnd checks that true, false or null stands at doc[i] and returns the
// index after it.
func LiteralEnd(doc []byte, i int) (int, Code) {
	want := "null"
	if i < len(doc) {
		switch doc[i] {
		case 't':
			want = "true"
		case 'f':
			want = "false"
		}
	}
	for k := range len(want) {
		if i >= len(doc) || doc[i] != want[k] {
			return i, atEnd(doc, i)
		}
		i++
	}
	return i, OK
}

// Flags tell what a scan of a string or number came across.
type Flags uint8

const (
	Escaped  Flags = 1 << iota // string: at least one escape sequence
	NonASCII                   // string: at least one byte above 0x7f
	Fraction                   // number: has a fraction
	Exponent                   // number: has an exponent
)

// NumberEnd checks the number at doc[i] and returns the index after it.
//
//go:nobounds
func NumberEnd(doc []byte, i int) (int, Flags, Code) {
	var f Flags
	start := i
	if i < len(doc) && doc[i] == '-' {
		i++
	}
	switch {
	case i >= len(doc):
		return i, f, UnexpectedEnd
	case doc[i] == '0':
		i++
		if i < len(doc) && doc[i]-'0' < 10 {
			return i, f, BadNumber
		}
	case doc[i]-'0' < 10:
		for i++; i < len(doc) && doc[i]-'0' < 10; i++ {
		}
	case i > start:
		return i, f, BadNumber
	default:
		return i, f, UnexpectedByte
	}
	if i < len(doc) && doc[i] == '.' {
		f |= Fraction
		n := i + 1
		for i++; i < len(doc) && doc[i]-'0' < 10; i++ {
		}
		if i == n {
			return i, f, numberFault(doc, i)
		}
	}
	if i < len(doc) && doc[i]|0x20 == 'e' {
		f |= Exponent
		i++
		if i < len(doc) && (doc[i] == '+' || doc[i] == '-') {
			i++
		}
		n := i
		for ; i < len(doc) && doc[i]-'0' < 10; i++ {
		}
		if i == n {
			return i, f, numberFault(doc, i)
		}
	}
	return i, f, OK
}

func numberFault(doc []byte, i int) Code {
	if i >= len(doc) {
		return UnexpectedEnd
	}
	return BadNumber
}
