package format

import _ "unsafe" // for go:nobounds, see package validate

// Bits of ASCII characters in the grammars of RFC 3986, 5321 and 5322.
const (
	alpha = 1 << iota
	digit
	hexLetter  // A-F a-f
	unreserved // - . _ ~
	subDelim   // ! $ & ' ( ) * + , ; =
	atomMark   // the marks of an atom: ! # $ % & ' * + - / = ? ^ _ ` { | } ~
	schemeMark // + - .
	pathMark   // : @ /
)

const (
	alnum = alpha | digit
	hex   = digit | hexLetter
	atext = alnum | atomMark
)

var chars = [256]uint8{
	'0': digit, '1': digit, '2': digit, '3': digit, '4': digit, '5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
	'A': alpha | hexLetter, 'B': alpha | hexLetter, 'C': alpha | hexLetter, 'D': alpha | hexLetter, 'E': alpha | hexLetter, 'F': alpha | hexLetter,
	'G': alpha, 'H': alpha, 'I': alpha, 'J': alpha, 'K': alpha, 'L': alpha, 'M': alpha, 'N': alpha, 'O': alpha, 'P': alpha,
	'Q': alpha, 'R': alpha, 'S': alpha, 'T': alpha, 'U': alpha, 'V': alpha, 'W': alpha, 'X': alpha, 'Y': alpha, 'Z': alpha,
	'a': alpha | hexLetter, 'b': alpha | hexLetter, 'c': alpha | hexLetter, 'd': alpha | hexLetter, 'e': alpha | hexLetter, 'f': alpha | hexLetter,
	'g': alpha, 'h': alpha, 'i': alpha, 'j': alpha, 'k': alpha, 'l': alpha, 'm': alpha, 'n': alpha, 'o': alpha, 'p': alpha,
	'q': alpha, 'r': alpha, 's': alpha, 't': alpha, 'u': alpha, 'v': alpha, 'w': alpha, 'x': alpha, 'y': alpha, 'z': alpha,
	'-': unreserved | atomMark | schemeMark, '.': unreserved | schemeMark, '_': unreserved | atomMark, '~': unreserved | atomMark,
	'!': subDelim | atomMark, '$': subDelim | atomMark, '&': subDelim | atomMark, '\'': subDelim | atomMark,
	'(': subDelim, ')': subDelim, '*': subDelim | atomMark, '+': subDelim | atomMark | schemeMark,
	',': subDelim, ';': subDelim, '=': subDelim | atomMark,
	'#': atomMark, '/': atomMark | pathMark, ':': pathMark, '@': pathMark, '?': atomMark, '^': atomMark, '`': atomMark, '{': atomMark, '|': atomMark, '}': atomMark, '%': atomMark,
}

func is(c byte, class uint8) bool { return chars[c]&class != 0 }

// span counts the leading bytes of s that are in class.
//
//go:nobounds
func span(s []byte, class uint8) int {
	i := 0
	for i < len(s) && chars[s[i]]&class != 0 {
		i++
	}
	return i
}

// index returns where c is in s first, or -1. In wasm the library's index is this
// loop, too.
//
//go:nobounds
func index(s []byte, c byte) int {
	for i, b := range s {
		if b == c {
			return i
		}
	}
	return -1
}

// decode returns the first code point of s, which is valid UTF-8 and not empty,
// and its length. On other bytes it returns something.
func decode(s []byte) (r rune, n int) {
	switch b := s[0]; {
	case b < 0x80:
		return rune(b), 1
	case b < 0xE0 && len(s) >= 2:
		return rune(b&0x1F)<<6 | rune(s[1]&0x3F), 2
	case b < 0xF0 && len(s) >= 3:
		return rune(b&0x0F)<<12 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3
	case len(s) >= 4:
		return rune(b&0x07)<<18 | rune(s[1]&0x3F)<<12 | rune(s[2]&0x3F)<<6 | rune(s[3]&0x3F), 4
	}
	return 0xFFFD, 1
}
