package format

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/unicode/norm"
)

var update = flag.Bool("update", false, "rewrite idna_table.go")

// tableUnicode is the version of Unicode that idna_table.go was derived from.
const tableUnicode = "15.0.0"

// TestIDNATable derives the property of every code point from the libraries, by
// RFC 5892 section 3, and compares it with the table, in which it is much smaller.
func TestIDNATable(t *testing.T) {
	if unicode.Version != tableUnicode || norm.Version != tableUnicode || bidi.UnicodeVersion != tableUnicode || idna.UnicodeVersion != tableUnicode {
		t.Skipf("the libraries are of Unicode %s, the table is of %s: raise tableUnicode and run with -update", unicode.Version, tableUnicode)
	}
	want := make([]property, unicode.MaxRune+1)
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		want[r] = derive(r)
	}
	if *update {
		if err := os.WriteFile("idna_table.go", writeTable(want), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	held := 0
	for r := rune(0x80); r <= unicode.MaxRune; r++ {
		if got := propertyOf(r); got != want[r] {
			t.Fatalf("%U has property %#x, want %#x", r, got, want[r])
		}
		if want[r] != 0 {
			held++
		}
	}
	t.Logf("%d code points, %d bytes", held, len(idnaBlocks)+len(idnaRanges)+2*len(idnaProperties))
}

// joiners applies the ContextJ rules and nothing else.
var joiners = idna.New(idna.ValidateLabels(false), idna.StrictDomainName(false), idna.CheckJoiners(true))

func joins(label string) bool {
	_, err := joiners.ToUnicode(label)
	return err == nil
}

func derive(r rune) property {
	if !isPValid(r) && !isContextual(r) {
		return 0
	}
	class, ok := bidiClasses[bidiClass(r)]
	if !ok {
		panic(fmt.Sprintf("%U has a Bidi class that no label can hold", r))
	}
	p := class
	if unicode.Is(unicode.M, r) {
		p |= markBit
	}
	const beh, ka, nonJoiner, joiner = "\u0628", "\u0915", "\u200c", "\u200d"
	s := string(r)
	switch {
	case r == 0x200C, r == 0x200D:
	case joins(ka + s + joiner):
		p |= virama
	default:
		left, right := joins(s+nonJoiner+beh), joins(beh+nonJoiner+s)
		if p&markBit != 0 {
			left = false // it cannot begin a label, and none joins
		}
		if left {
			p |= joinL
		}
		if right {
			p |= joinR
		}
		if !left && !right && joins(beh+nonJoiner+s+beh) {
			p |= joinT
		}
	}
	for script, bit := range map[*unicode.RangeTable]property{
		unicode.Greek: greek, unicode.Hebrew: hebrew, unicode.Hiragana: kanaHan, unicode.Katakana: kanaHan, unicode.Han: kanaHan,
	} {
		if unicode.Is(script, r) {
			p |= bit
		}
	}
	return p
}

var bidiClasses = map[bidi.Class]property{
	bidi.L: bidiL, bidi.R: bidiR, bidi.AL: bidiAL, bidi.AN: bidiAN, bidi.EN: bidiEN, bidi.ES: bidiES,
	bidi.CS: bidiCS, bidi.ET: bidiET, bidi.ON: bidiON, bidi.BN: bidiBN, bidi.NSM: bidiNSM,
}

func bidiClass(r rune) bidi.Class {
	p, _ := bidi.LookupRune(r)
	return p.Class()
}

// isContextual is CONTEXTJ and CONTEXTO of RFC 5892, appendix A.
func isContextual(r rune) bool {
	switch r {
	case 0x00B7, 0x0375, 0x05F3, 0x05F4, 0x30FB, 0x200C, 0x200D:
		return true
	}
	return r >= 0x0660 && r <= 0x0669 || r >= 0x06F0 && r <= 0x06F9
}

var fold = cases.Fold()

// isPValid follows RFC 5892, section 3, for code points beyond ASCII.
func isPValid(r rune) bool {
	switch r { // Exceptions, section 2.6
	case 0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007:
		return true
	case 0x640, 0x7FA, 0x302E, 0x302F, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303B:
		return false
	}
	between := func(lo, hi rune) bool { return r >= lo && r <= hi }
	s := string(r)
	switch {
	case between(0xD800, 0xDFFF), isContextual(r):
		return false
	case norm.NFKC.String(fold.String(norm.NFKC.String(s))) != s: // Unstable
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.White_Space, unicode.Noncharacter_Code_Point):
		return false
	case between(0x20D0, 0x20FF), between(0x1D100, 0x1D1FF), between(0x1D200, 0x1D24F): // IgnorableBlocks
		return false
	case between(0x1100, 0x11FF), between(0xA960, 0xA97C), between(0xD7B0, 0xD7FB): // OldHangulJamo
		return false
	}
	return unicode.In(r, unicode.Ll, unicode.Lu, unicode.Lo, unicode.Nd, unicode.Lm, unicode.Mn, unicode.Mc)
}

// idnaRange is a run of code points of one property, or of one in turns with none.
type idnaRange struct {
	property property
	length   int
}

// writeTable encodes properties as propertyOf reads them.
func writeTable(props []property) []byte {
	const size = 1 << idnaBlockBits
	last := 0
	for r := range props {
		if props[r] != 0 {
			last = r
		}
	}
	var blocks [][]idnaRange
	count := map[property]int{}
	seen := map[string]bool{}
	for lo := 0; lo <= last; lo += size {
		var block []idnaRange
		for at := lo; at < lo+size; {
			run := runAt(props[at : lo+size])
			block = append(block, run)
			at += run.length
		}
		blocks = append(blocks, block)
		if key := fmt.Sprint(block); !seen[key] {
			seen[key] = true
			for _, run := range block {
				count[run.property]++
			}
		}
	}
	index := slices.SortedFunc(maps.Keys(count), func(a, b property) int { return cmp.Or(count[b]-count[a], int(a)-int(b)) })
	var halves, offsets []byte
	at := map[string]int{}
	for _, block := range blocks {
		offset, ok := at[fmt.Sprint(block)]
		if !ok {
			offset = len(halves)
			at[fmt.Sprint(block)] = offset
			for _, run := range block {
				kind := slices.Index(index, run.property)
				if kind < 15 {
					halves = append(halves, byte(kind))
				} else {
					halves = append(halves, 15, byte(kind>>4), byte(kind&15))
				}
				rest := run.length - 1
				for ; rest > 7; rest >>= 3 {
					halves = append(halves, byte(8|rest&7))
				}
				halves = append(halves, byte(rest))
			}
		}
		offsets = binary.LittleEndian.AppendUint16(offsets, uint16(offset))
	}
	if len(halves) > 1<<16 {
		panic("the ranges do not fit their offsets")
	}
	ranges := make([]byte, (len(halves)+1)/2)
	for i, half := range halves {
		ranges[i/2] |= half << (i % 2 * 4)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package format\n\n// Code generated by go test -run IDNATable -update; DO NOT EDIT.\n\n")
	fmt.Fprintf(&b, "// Derived from Unicode %s; %d bytes in all.\nconst (\n\tidnaBlocks = \"\"", tableUnicode, len(offsets)+len(ranges)+2*len(index))
	quote := func(s []byte) {
		for part := range slices.Chunk(s, 32) {
			b.WriteString(" +\n\t\t\"")
			for _, c := range part {
				fmt.Fprintf(&b, "\\x%02x", c)
			}
			b.WriteByte('"')
		}
	}
	quote(offsets)
	b.WriteString("\n\tidnaRanges = \"\"")
	quote(ranges)
	fmt.Fprintf(&b, "\n)\n\nvar idnaProperties = [...]property{")
	for i, p := range index {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%#x", uint16(p))
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// runAt returns the run at the start of a block: code points of one property, or
// a stripe of such that alternate with disallowed ones.
func runAt(props []property) idnaRange {
	n := 0
	for n < len(props) && props[n] == props[0] {
		n++
	}
	turns := 0
	for turns < len(props) && props[0] != 0 && (turns%2 == 0 && props[turns] == props[0] || turns%2 == 1 && props[turns] == 0) {
		turns++
	}
	if turns > n && turns > 2 {
		return idnaRange{props[0] | stripe, turns}
	}
	return idnaRange{props[0], n}
}

func TestIDNATableSize(t *testing.T) {
	const limit = 4 << 10
	if n := len(idnaBlocks) + len(idnaRanges) + 2*len(idnaProperties); n > limit {
		t.Errorf("the table takes %d bytes of the edge module, more than %d", n, limit)
	}
}
