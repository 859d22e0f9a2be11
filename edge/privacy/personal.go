package privacy

import (
	"strings"
	"unicode/utf8"

	"weir/edge/envelope"
)

// scrub cuts e-mail addresses, telephone numbers and card numbers out of a
// text, as the action says, and parameters out of a URL. What is cut out of
// free text leaves its kind in brackets behind.
func (a *Action) scrub(dst []byte, text string) []byte {
	if len(a.parameters) > 0 {
		n := len(dst)
		dst = a.scrubParameters(dst, text)
		if a.finds == 0 {
			return dst
		}
		a.scratch = append(a.scratch[:0], dst[n:]...)
		dst, text = dst[:n], envelope.View(a.scratch)
	}
	done := 0
	for i := 0; i < len(text); {
		end, kind := 0, ""
		switch c := text[i]; {
		case a.finds&findEmail != 0 && (c == '@' || c == '%' && hasPrefixFold(text[i:], "%40")):
			size := 1
			if c == '%' {
				size = 3
			}
			start := localPart(text, done, i)
			if last := domain(text, i+size); start < i && last > 0 {
				dst = append(append(dst, text[done:start]...), "[email]"...)
				i, done = last, last
				continue
			}
		case a.finds&(findPhone|findCard) != 0 && (c-'0' <= 9 || c == '+' || c == '('):
			end, kind = a.digits(text, i, done)
		}
		if kind != "" {
			dst = append(append(dst, text[done:i]...), kind...)
			i, done = end, end
			continue
		}
		i = max(i+1, end)
	}
	return append(dst, text[done:]...)
}

// localPart returns where the local part of an e-mail address before text[at]
// begins: the characters of RFC 5322's atoms, dots, and those of other scripts, but
// not those that stand between the parts of a URL. It has 64 octets at most (RFC
// 5321 section 4.5.3.1.1), or a little more where these would end in a character.
func localPart(text string, from, at int) int {
	i := at
	for i > from && at-i < 64 && isAtom(text[i-1]) {
		i--
	}
	for more := utf8.UTFMax - 1; more > 0 && i > from && i < at && !utf8.RuneStart(text[i]); more-- {
		i--
	}
	return i
}

func isAtom(c byte) bool {
	return c|0x20-'a' < 26 || c-'0' <= 9 || c >= 0x80 || strings.IndexByte(".!$'*+-^_`{|}~%", c) >= 0
}

// domain returns where the domain name at text[i] ends, 0 if there is none: two
// labels or more.
func domain(text string, i int) int {
	dots, label, end := 0, 0, 0
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c|0x20-'a' < 26, c-'0' <= 9, c == '-', c >= 0x80:
			label++
			if dots > 0 {
				end = i + 1
			}
		case c == '.' && label > 0:
			dots++
			label = 0
		default:
			return end
		}
	}
	return end
}

// digits says what the digits at text[i] are, with what people write between
// them. Numbers stand beside each other: the longest that ends where one group of
// digits does counts, and where there is none the next may begin behind the first
// group. It returns where to go on in any case. What stands before done is cut out.
func (a *Action) digits(text string, i, done int) (end int, kind string) {
	const most = 19 // of a card: ISO/IEC 7812-1
	n, gap, group := 0, 0, 0
	sum, other := 0, 0 // of Luhn's check, were this digit the last, and were it the one before
	first := text[i]
	// Numbers in the national form begin with 0 or an area code in brackets, and not within another number's.
	phone := a.finds&findPhone != 0 && (first == '+' || first == '(' || first == '0' && !(i-2 >= done && text[i-1] != ' ' && isJoint(text[i-1]) && text[i-2]-'0' <= 9))
	for j := i; ; j++ {
		var c byte
		if j < len(text) {
			c = text[j]
		}
		if d := int(c) - '0'; d >= 0 && d <= 9 {
			n++
			sum, other = other+d, sum+luhnDouble[d]
			gap = 0
			continue
		}
		if gap == 0 && n > 0 { // a group ends
			if group == 0 {
				group = j
			}
			switch {
			case a.finds&findCard != 0 && n >= 13 && n <= most && sum%10 == 0:
				end, kind = j, "[card]"
			case phone && n >= 7 && n <= 15 && kind != "[card]":
				end, kind = j, "[phone]"
			}
		}
		switch {
		case j == i && (c == '+' || c == '('):
			continue
		case n <= most && isJoint(c) && gap < 2:
			gap++
			continue
		}
		break
	}
	switch {
	case kind != "":
		return end, kind
	case group == 0:
		return i + 1, ""
	}
	return group, ""
}

// isJoint reports whether people write c between the digits of a number.
func isJoint(c byte) bool {
	return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/'
}

// luhnDouble is what a digit counts for where it is doubled: ISO/IEC 7812-1, annex B.
var luhnDouble = [10]int{0, 2, 4, 6, 8, 1, 3, 5, 7, 9}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
