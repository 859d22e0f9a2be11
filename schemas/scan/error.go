package scan

// Code says what is wrong with a document. OK is zero.
type Code uint8

const (
	OK             Code = iota
	UnexpectedEnd       // the document stops inside a value
	UnexpectedByte      // a byte that cannot stand where it does
	WrongKind           // a well-formed value of another kind than the reader asked for
	BadNumber           // a number against RFC 8259 section 6, such as 01 or 1.
	BadEscape           // a backslash followed by something section 7 does not list
	ControlByte         // a byte below 0x20 inside a string
	BadUTF8             // a string that is not UTF-8
	TooDeep             // containers nest deeper than the limit
	TrailingData        // something other than white space after the value
)

var codeTexts = [...]string{
	OK:             "no fault",
	UnexpectedEnd:  "the document ends inside a value",
	UnexpectedByte: "unexpected character",
	WrongKind:      "value of an unexpected kind",
	BadNumber:      "malformed number",
	BadEscape:      "malformed escape sequence in a string",
	ControlByte:    "unescaped control character in a string",
	BadUTF8:        "string is not valid UTF-8",
	TooDeep:        "arrays and objects are nested too deep",
	TrailingData:   "unexpected data after the value",
}

// String describes the fault in lower case, without the place.
func (c Code) String() string {
	if int(c) < len(codeTexts) {
		return codeTexts[c]
	}
	return "unknown fault"
}

// Error is a fault and its place, a byte offset from the start of the document.
type Error struct {
	Code   Code
	Offset int
}

func (e *Error) Error() string {
	return string(AppendInt(append([]byte(e.Code.String()), " at byte "...), e.Offset))
}

// AppendInt appends the decimal form of n. It spares edge builds strconv.
func AppendInt(dst []byte, n int) []byte {
	if n < 0 {
		dst = append(dst, '-')
	}
	var buf [20]byte
	i := len(buf)
	for {
		i--
		d := n % 10
		if d < 0 {
			d = -d
		}
		buf[i] = byte('0' + d)
		if n /= 10; n == 0 {
			return append(dst, buf[i:]...)
		}
	}
}

// atEnd is the code for a fault at i: the end of doc, or the byte there.
func atEnd(doc []byte, i int) Code {
	if i >= len(doc) {
		return UnexpectedEnd
	}
	return UnexpectedByte
}
