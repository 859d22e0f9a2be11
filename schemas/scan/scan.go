// Package scan is the tokeniser: JSON bytes in, tokens and extents out; no
// tree, no allocation.
//
// It checks the full grammar of RFC 8259, that strings are UTF-8, and that
// containers nest no deeper than a limit. [Scanner] is a pull reader for code
// that knows what it wants:
//
//	s := scan.New(body)
//	for s.Object(); s.Member(&key); {
//		switch {
//		case key.Is("schema"):
//			s.String(&schema)
//		case key.Is("data"):
//			data = s.Skip()
//		default:
//			s.Skip()
//		}
//	}
//	if !s.End() {
//		return s.Err()
//	}
//
// Nothing needs checking on the way: the first fault stops the scanner, every
// later call does nothing and reports false, and [Scanner.Err] tells what and
// where it was. Duplicate member names are handed out as they come.
package scan

// Kind is the kind of a JSON value.
type Kind uint8

const (
	None Kind = iota // no value: a fault, or the end of a container
	Null
	False
	True
	Number
	String
	Array
	Object
)

// DefaultDepth is how deep containers may nest unless a caller says otherwise.
const DefaultDepth = 40

// MaxDepth is the deepest nesting that can be asked for: scanning recurses,
// and edge runtimes give it a small stack.
const MaxDepth = 250

// Scanner reads one JSON document. Make one with [New], or [Scanner.Reset] a
// zero one. It holds no references besides the document.
type Scanner struct {
	doc   []byte
	pos   int
	depth int // containers that may still be opened
	first bool
	err   Error
}

// New returns a scanner over doc that stops at [DefaultDepth].
func New(doc []byte) Scanner {
	return Scanner{doc: doc, depth: DefaultDepth}
}

// Reset makes the scanner read doc from its start. A depth of 0 means
// [DefaultDepth]; more than [MaxDepth] means MaxDepth.
func (s *Scanner) Reset(doc []byte, depth int) {
	if depth <= 0 {
		depth = DefaultDepth
	}
	*s = Scanner{doc: doc, depth: min(depth, MaxDepth)}
}

// Offset is the byte offset of what comes next, or of the fault.
func (s *Scanner) Offset() int {
	if s.err.Code != OK {
		return s.err.Offset
	}
	return s.pos
}

// Err returns the fault that stopped the scanner, an *[Error], or nil.
func (s *Scanner) Err() error {
	if s.err.Code == OK {
		return nil
	}
	err := s.err // a copy, so that the scanner can stay on the stack
	return &err
}

// Code returns the code of the fault that stopped the scanner, or OK. Its place
// is [Scanner.Offset]. Unlike Err it never allocates.
func (s *Scanner) Code() Code { return s.err.Code }

// Kind tells the kind of the value that comes next and leaves it there. It
// goes by the first byte: a Number may still turn out to be malformed.
func (s *Scanner) Kind() Kind {
	if s.err.Code != OK {
		return None
	}
	s.pos = Space(s.doc, s.pos)
	if s.pos >= len(s.doc) {
		return None
	}
	return kinds[s.doc[s.pos]]
}

// Object enters the object that comes next. Anything else is the fault
// [WrongKind]: ask [Scanner.Kind] first where other kinds are welcome.
func (s *Scanner) Object() bool { return s.enter(Object) }

// Array enters the array that comes next, like [Scanner.Object].
func (s *Scanner) Array() bool { return s.enter(Array) }

func (s *Scanner) enter(k Kind) bool {
	if s.err.Code != OK {
		return false
	}
	if got := s.Kind(); got != k {
		if got == None {
			return s.fail(atEnd(s.doc, s.pos), s.pos)
		}
		return s.fail(WrongKind, s.pos)
	}
	if s.depth == 0 {
		return s.fail(TooDeep, s.pos)
	}
	s.depth--
	s.pos++
	s.first = true
	return true
}

// Member moves to the next member of the object and reads its name; the value
// comes next and must be read or skipped. At the end of the object it leaves
// the object and returns false.
func (s *Scanner) Member(name *Text) bool {
	if !s.next('}') {
		return false
	}
	s.pos = Space(s.doc, s.pos)
	if s.pos >= len(s.doc) || s.doc[s.pos] != '"' {
		return s.fail(atEnd(s.doc, s.pos), s.pos)
	}
	if !s.String(name) {
		return false
	}
	s.pos = Space(s.doc, s.pos)
	if s.pos >= len(s.doc) || s.doc[s.pos] != ':' {
		return s.fail(atEnd(s.doc, s.pos), s.pos)
	}
	s.pos++
	return true
}

// Item moves to the next item of the array, which comes next and must be read
// or skipped. At the end of the array it leaves the array and returns false.
func (s *Scanner) Item() bool { return s.next(']') }

// next moves past the comma before a member or item, or out of the container.
func (s *Scanner) next(closing byte) bool {
	if s.err.Code != OK {
		return false
	}
	s.pos = Space(s.doc, s.pos)
	if s.pos >= len(s.doc) {
		return s.fail(UnexpectedEnd, s.pos)
	}
	first := s.first
	s.first = false
	switch c := s.doc[s.pos]; {
	case c == closing:
		s.pos++
		s.depth++
		return false
	case first:
		return true
	case c == ',':
		s.pos++
		return true
	}
	return s.fail(UnexpectedByte, s.pos)
}

// String reads the string that comes next. Anything else is the fault [WrongKind].
func (s *Scanner) String(t *Text) bool {
	if s.err.Code != OK {
		return false
	}
	if got := s.Kind(); got != String {
		if got == None {
			return s.fail(atEnd(s.doc, s.pos), s.pos)
		}
		return s.fail(WrongKind, s.pos)
	}
	end, flags, code := StringEnd(s.doc, s.pos+1)
	if code != OK {
		return s.fail(code, end)
	}
	*t = Text{Raw: s.doc[s.pos+1 : end : end], Escaped: flags&Escaped != 0}
	s.pos = end + 1
	s.first = false
	return true
}

// Skip checks the value that comes next, whatever it is, and returns its bytes
// as they stand in the document, or nil on a fault.
func (s *Scanner) Skip() []byte {
	if s.err.Code != OK {
		return nil
	}
	start := Space(s.doc, s.pos)
	end, code := ValueEnd(s.doc, start, s.depth)
	if code != OK {
		s.fail(code, end)
		return nil
	}
	s.pos = end
	s.first = false
	return s.doc[start:end:end]
}

// End reports whether the document was read without a fault and only white
// space is left. Anything else left becomes the fault [TrailingData].
func (s *Scanner) End() bool {
	if s.err.Code != OK {
		return false
	}
	s.pos = Space(s.doc, s.pos)
	if s.pos < len(s.doc) {
		return s.fail(TrailingData, s.pos)
	}
	return true
}

func (s *Scanner) fail(code Code, at int) bool {
	s.err = Error{Code: code, Offset: at}
	return false
}

// kinds maps the first byte of a value to its kind.
var kinds = [256]Kind{
	'n': Null, 'f': False, 't': True, '"': String, '[': Array, '{': Object, '-': Number,
	'0': Number, '1': Number, '2': Number, '3': Number, '4': Number,
	'5': Number, '6': Number, '7': Number, '8': Number, '9': Number,
}

// KindOf tells the kind of value that begins with c.
func KindOf(c byte) Kind { return kinds[c] }
