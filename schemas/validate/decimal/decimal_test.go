package decimal_test

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"weir/schemas/validate/decimal"
)

func parse(t testing.TB, s string) decimal.Number {
	t.Helper()
	n, ok := decimal.Parse([]byte(s))
	if !ok {
		t.Fatalf("Parse(%q) failed", s)
	}
	return n
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "-", "+1", ".5", "1.", "01", "-01", "00", "1e", "1e+", "1.e1", "0x1", "1 ", " 1", "1e1.5", "NaN", "--1", "1-", "1e--1", "١"} {
		if _, ok := decimal.Parse([]byte(s)); ok {
			t.Errorf("Parse(%q) succeeded", s)
		}
	}
}

func TestIsInteger(t *testing.T) {
	for _, tt := range []struct {
		s            string
		value, token bool
	}{
		{"0", true, true}, {"-0", true, true}, {"1", true, true}, {"-7", true, true},
		{"1.0", true, false}, {"0.0", true, false}, {"1e0", true, false}, {"1E2", true, false},
		{"10e-1", true, false}, {"1e-1", false, false}, {"1.5", false, false}, {"1.5e1", true, false},
		{"1.5e0", false, false}, {"1e400", true, false}, {"1e-400", false, false}, {"0e-400", true, false},
		{"12345678910111213141516171819202122232425262728293031", true, true},
		{"100e-2", true, false}, {"100e-3", false, false},
	} {
		if got := parse(t, tt.s).IsInteger(); got != tt.value {
			t.Errorf("IsInteger(%s) = %v", tt.s, got)
		}
		if got := decimal.IsIntegerToken([]byte(tt.s)); got != tt.token {
			t.Errorf("IsIntegerToken(%s) = %v", tt.s, got)
		}
	}
}

func TestCompare(t *testing.T) {
	// Ascending; numbers on one line are equal.
	order := [][]string{
		{"-1e99999999999999999999"},
		{"-1e400"},
		{"-18446744073709551616", "-1.8446744073709551616e19"},
		{"-18446744073709551615"},
		{"-9223372036854775808"},
		{"-2", "-2.0", "-0.2e1"},
		{"-1.5"},
		{"-1e-400"},
		{"0", "-0", "0.0", "-0.00e7", "0e99999999999999999999"},
		{"1e-99999999999999999999"},
		{"1e-400"},
		{"0.1", "1e-1", "0.10", "10e-2"},
		{"0.10000000000000000000000000000000000001"},
		{"0.11"},
		{"1", "1.0", "10e-1", "0.00001e5"},
		{"9.99"},
		{"10"},
		{"999999999999999999", "999999999999999999.0"},
		{"1000000000000000000", "1e18"},
		{"9223372036854775807"},
		{"9223372036854775808"},
		{"9.727837981879871e26", "972783798187987100000000000"},
		{"1e400"},
	}
	var flat []string
	var rank []int
	for i, line := range order {
		for _, s := range line {
			flat, rank = append(flat, s), append(rank, i)
		}
	}
	for i, a := range flat {
		for j, b := range flat {
			want := 0
			if rank[i] < rank[j] {
				want = -1
			} else if rank[i] > rank[j] {
				want = 1
			}
			x, y := parse(t, a), parse(t, b)
			if got := decimal.Compare(x, y); got != want {
				t.Errorf("Compare(%s, %s) = %d, want %d", a, b, got, want)
			}
			if same := x.Hash() == y.Hash(); same != (want == 0) {
				t.Errorf("%s and %s: hashes equal is %v", a, b, same)
			}
		}
	}
}

func TestMultipleOf(t *testing.T) {
	digits := func(n int) string { return strings.Repeat("123456789", n/9+1)[:n] }
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"0", "7", true}, {"-0.0", "0.3", true}, {"7", "0", false}, {"0", "0", true},
		{"4", "2", true}, {"-4", "2", true}, {"5", "2", false},
		{"0.3", "0.1", true}, {"19.99", "0.01", true}, {"0.0075", "0.0001", true},
		{"0.00751", "0.0001", false}, {"4.5", "1.5", true}, {"35", "1.5", false},
		{"1e308", "0.5", true}, {"1e308", "0.123456789", false}, {"1e-400", "1e-400", true},
		{"1e400", "7", false}, {"7e400", "7", true}, {"1e400", "1024", true},
		{"1e9", "1024", false}, {"1e10", "1024", true}, {"1e10", "2048", false},
		{"1e99999999999", "1125899906842624", true},
		{digits(400) + "0", digits(400), true},
		{digits(400) + "1", digits(400), false},
		{digits(900) + "0", digits(900), true},
		{digits(900) + "1", digits(900), false},
		{"1" + strings.Repeat("0", 500), "1" + strings.Repeat("0", 40), true},
		{"1e1000", strings.Repeat("9", 30), false},
		{"340282366920938463463374607431768211456", "340282366920938463463374607431768211456", true},
		{"680564733841876926926749214863536422912", "340282366920938463463374607431768211456", true},
		{"1e38", "340282366920938463463374607431768211456", false},
		{"1e128", "340282366920938463463374607431768211456", true},
		{"1e127", "340282366920938463463374607431768211456", false},
		{"9007199254740993", "2", false},
	} {
		if got := decimal.MultipleOf(parse(t, tt.a), parse(t, tt.b)); got != tt.want {
			t.Errorf("MultipleOf(%.40s, %.40s) = %v", tt.a, tt.b, got)
		}
	}
}

// random returns a number token. Few digits and small exponents make equal
// numbers and divisors likely.
func random(rnd *rand.Rand) string {
	var b strings.Builder
	if rnd.IntN(4) == 0 {
		b.WriteByte('-')
	}
	digits := func(n int) {
		for range n {
			b.WriteByte("00123456789"[rnd.IntN(11)])
		}
	}
	size := []int{2, 3, 20, 45}[rnd.IntN(4)]
	if rnd.IntN(3) == 0 {
		b.WriteByte('0')
	} else {
		b.WriteByte(byte('1' + rnd.IntN(9)))
		digits(rnd.IntN(size))
	}
	if rnd.IntN(2) == 0 {
		b.WriteByte('.')
		digits(1 + rnd.IntN(size))
	}
	if rnd.IntN(2) == 0 {
		b.WriteString([]string{"e", "E", "e+", "e-"}[rnd.IntN(4)])
		b.WriteString(strconv.Itoa(rnd.IntN(size)))
	}
	return b.String()
}

// check holds every operation on two tokens against math/big.
func check(t *testing.T, sa, sb string) {
	a, b := parse(t, sa), parse(t, sb)
	ra, _ := new(big.Rat).SetString(sa)
	rb, _ := new(big.Rat).SetString(sb)
	if got, want := decimal.Compare(a, b), ra.Cmp(rb); got != want {
		t.Fatalf("Compare(%s, %s) = %d, want %d", sa, sb, got, want)
	}
	if got, want := a.Hash() == b.Hash(), ra.Cmp(rb) == 0; got != want {
		t.Fatalf("%s and %s: hashes equal is %v, want %v", sa, sb, got, want)
	}
	if got, want := a.IsInteger(), ra.IsInt(); got != want {
		t.Fatalf("IsInteger(%s) = %v", sa, got)
	}
	want := ra.Sign() == 0
	if !want && rb.Sign() != 0 {
		want = new(big.Rat).Quo(ra, rb).IsInt()
	}
	if got := decimal.MultipleOf(a, b); got != want {
		t.Fatalf("MultipleOf(%s, %s) = %v, want %v", sa, sb, got, want)
	}
	if v, ok := a.Int64(); ok && ra.Cmp(new(big.Rat).SetInt64(v)) != 0 {
		t.Fatalf("Int64(%s) = %d", sa, v)
	}
	enc := decimal.Append(nil, a)
	if len(enc) != a.Size() {
		t.Fatalf("Size(%s) = %d, Append wrote %d", sa, a.Size(), len(enc))
	}
	back, ok := decimal.Read(append(enc, "tail"...))
	if !ok || decimal.Compare(back, a) != 0 || back.Hash() != a.Hash() || back.IsInteger() != a.IsInteger() {
		t.Fatalf("%s does not survive Append and Read", sa)
	}
	if got := decimal.Compare(back, b); got != ra.Cmp(rb) {
		t.Fatalf("Compare(%s read back, %s) = %d", sa, sb, got)
	}
	if got := decimal.MultipleOf(b, back); rb.Sign() != 0 && ra.Sign() != 0 && got != new(big.Rat).Quo(rb, ra).IsInt() {
		t.Fatalf("MultipleOf(%s, %s read back) = %v", sb, sa, got)
	}
}

func TestAgainstBig(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		a, b := random(rnd), random(rnd)
		check(t, a, b)
		// The product of two decimals is a multiple of each.
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		if product := x.Mul(x, y); product.Sign() != 0 && y.IsInt() {
			check(t, product.FloatString(120), a)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "19.99", "1e400", "123456789012345678901234567890", "0.0001e-7"} {
		f.Add(s, "0.01")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{a, b} {
			_, ok := decimal.Parse([]byte(s))
			if valid := json.Valid([]byte(s)) && strings.ContainsAny(s[:1], "-0123456789") && !strings.ContainsAny(s, " \t\r\n"); ok != valid {
				t.Fatalf("Parse(%q) is %v, JSON says %v", s, ok, valid)
			}
			if !ok {
				return
			}
			// math/big would write the exponent out.
			if i := strings.IndexAny(s, "eE"); i >= 0 {
				if e, err := strconv.Atoi(s[i+1:]); err != nil || e > 2000 || e < -2000 {
					return
				}
			}
		}
		check(t, a, b)
	})
}

func FuzzRead(f *testing.F) {
	f.Add(decimal.Append(nil, parse(f, "-12.5e3")))
	f.Add(decimal.Append(nil, parse(f, "0")))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := decimal.Read(b)
		if !ok {
			return
		}
		if got := decimal.Append(nil, n); string(got) != string(b[:len(got)]) {
			t.Fatalf("Read took %x, which Append writes as %x", b, got)
		}
		n.Hash()
		decimal.Compare(n, n)
		decimal.MultipleOf(n, parse(t, "0.7"))
	})
}

func TestReadRefuses(t *testing.T) {
	good := decimal.Append(nil, parse(t, "12.5"))
	if _, ok := decimal.Read(good); !ok {
		t.Fatalf("Read refuses %x", good)
	}
	for at, v := range map[int]byte{0: 2, 1: 4, 12: 0x7F, 13: '0', 14: 'x', 15: '0'} {
		bad := append([]byte(nil), good...)
		bad[at] = v
		if _, ok := decimal.Read(bad); ok {
			t.Errorf("Read takes %x", bad)
		}
	}
	for n := range good {
		if _, ok := decimal.Read(good[:n]); ok {
			t.Errorf("Read takes the first %d bytes", n)
		}
	}
}

func TestNoAllocation(t *testing.T) {
	tokens := [][]byte{[]byte("42"), []byte("-19.990"), []byte("1e400"), []byte(strings.Repeat("9", 558)), []byte("0.01")}
	enc := decimal.Append(nil, parse(t, "1234567890.123456789"))
	if n := testing.AllocsPerRun(100, func() {
		bound, _ := decimal.Read(enc)
		for _, a := range tokens {
			x, _ := decimal.Parse(a)
			decimal.Compare(x, bound)
			x.Hash()
			for _, b := range tokens {
				y, _ := decimal.Parse(b)
				decimal.MultipleOf(x, y)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCompare(b *testing.B) {
	for _, s := range []string{"42", "19.99", "12345678910111213141516171819202122"} {
		b.Run(s, func(b *testing.B) {
			token, enc := []byte(s), decimal.Append(nil, parse(b, "100"))
			b.ReportAllocs()
			for b.Loop() {
				x, _ := decimal.Parse(token)
				bound, _ := decimal.Read(enc)
				decimal.Compare(x, bound)
			}
		})
	}
}

func BenchmarkMultipleOf(b *testing.B) {
	for _, s := range []string{"42", "19.99", strings.Repeat("1", 1000)} {
		b.Run(strconv.Itoa(len(s))+"digits", func(b *testing.B) {
			token, y := []byte(s), parse(b, "0.01")
			b.ReportAllocs()
			for b.Loop() {
				x, _ := decimal.Parse(token)
				decimal.MultipleOf(x, y)
			}
		})
	}
}
