package privacy

import (
	"strings"

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
			end, kind = a.digits(text, i)
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
// not those that stand between the parts of a URL.
func localPart(text string, from, at int) int {
	i := at
	for i > from && at-i < 64 && isAtom(text[i-1]) {
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

// digits reads the digits at text[i], with what people write between them, and
// says what they are. It returns where to go on in any case.
func (a *Action) digits(text string, i int) (end int, kind string) {
	var digits [20]byte
	n, last, gap := 0, i, 0
	first := text[i]
	j := i
	for ; j < len(text); j++ {
		c := text[j]
		switch {
		case c-'0' <= 9:
			if n < len(digits) {
				digits[n] = c - '0'
			}
			n++
			gap = 0
			last = j + 1
			continue
		case j == i && (c == '+' || c == '('):
			continue
		case (c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/') && gap < 2:
			gap++
			continue
		}
		break
	}
	if last == i {
		return i + 1, ""
	}
	if a.finds&findCard != 0 && n >= 13 && n <= 19 && luhn(digits[:n]) {
		return last, "[card]"
	}
	// Numbers in the national form begin with 0 or an area code in brackets.
	if a.finds&findPhone != 0 && n >= 7 && n <= 15 && (first == '+' || first == '(' || first == '0') {
		return last, "[phone]"
	}
	return last, ""
}

// luhn reports whether the last digit checks the others: ISO/IEC 7812-1, annex B.
func luhn(digits []byte) bool {
	sum := 0
	for i, d := range digits {
		n := int(d)
		if (len(digits)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
