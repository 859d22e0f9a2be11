package compile

import (
	"math"
	"math/big"
	"mime"
	"slices"
	"strings"

	"weir/schemas/bundle"
	"weir/schemas/compile/ecma"
	"weir/schemas/scan"
	"weir/schemas/validate"
	"weir/schemas/validate/decimal"
	"weir/schemas/validate/format"
)

// types reads type. In draft 4 an integer is a token without fraction and
// exponent; since draft 6 it is any number of whole value.
func (c *compiler) types(t *tree, d Draft, n *node) {
	k := t.get("type")
	if k == nil {
		return
	}
	list := k.children
	if k.kind == scan.String {
		list = []*tree{k}
	}
	n.types = 0
	for _, name := range list {
		switch name.text {
		case "null":
			n.types |= bundle.TypeNull
		case "boolean":
			n.types |= bundle.TypeBoolean
		case "integer":
			n.types |= bundle.TypeInteger
			if d > Draft4 {
				n.types |= bundle.TypeWhole
			}
		case "number":
			n.types |= bundle.TypeNumber
		case "string":
			n.types |= bundle.TypeString
		case "array":
			n.types |= bundle.TypeArray
		case "object":
			n.types |= bundle.TypeObject
		default:
			c.fail(name, "%q is not a type: use null, boolean, integer, number, string, array or object", name.text)
		}
	}
}

func (c *compiler) enums(t *tree, d Draft, n *node) {
	var values []*tree
	e := &enum{}
	k := t.get("enum")
	if k != nil {
		values = k.children
	}
	if v := t.get("const"); v != nil && d >= Draft6 {
		e.flags = bundle.EnumConst
		// Beside enum, both must hold: what is left of the list is the constant or nothing.
		if k == nil || slices.ContainsFunc(values, func(x *tree) bool { return validate.Equal(c.source(x), c.source(v)) }) {
			values = []*tree{v}
		} else {
			values = nil
		}
	} else if k == nil {
		return
	}
	c.enumValues(values, e)
	n.enum = e
}

func (c *compiler) enumValues(values []*tree, e *enum) {
	seen := map[string]bool{}
	for _, v := range values {
		switch v.kind {
		case scan.Null:
			e.flags |= bundle.EnumNull
		case scan.True:
			e.flags |= bundle.EnumTrue
		case scan.False:
			e.flags |= bundle.EnumFalse
		case scan.String:
			if !seen[v.text] {
				e.strings = append(e.strings, v.text)
			}
			seen[v.text] = true
		default:
			e.values = append(e.values, string(compact(c.source(v))))
		}
	}
}

func (c *compiler) lengths(t *tree, n *node) {
	if k := t.get("minLength"); k != nil {
		n.minLen = c.count(k)
	}
	if k := t.get("maxLength"); k != nil {
		n.maxLen = c.count(k)
	}
	if k := t.get("pattern"); k != nil {
		n.pattern = c.pattern(k, k.text)
	}
}

func (c *compiler) pattern(at *tree, source string) *pattern {
	if p := c.patterns[source]; p != nil {
		return p
	}
	table, err := ecma.Compile(source)
	if err != nil {
		c.fail(at, "%v", err) // which says the pattern
		return nil
	}
	p := &pattern{source, string(table)}
	c.patterns[source] = p
	return p
}

// format reads format, where it is an assertion. Unknown formats accept everything.
func (c *compiler) format(t *tree, d dialect, n *node) {
	k := t.get("format")
	if k == nil || c.opt.Formats == FormatAnnotate {
		return
	}
	if c.opt.Formats == FormatByDraft && d.draft > Draft7 && !d.format {
		return
	}
	if id, ok := format.Lookup(k.text); ok {
		n.format = uint8(id)
	}
}

// content reads contentEncoding and contentMediaType where they are assertions.
// What is in an encoding that the engine does not know is not looked at.
func (c *compiler) content(t *tree, d Draft, n *node) {
	if c.opt.Content == ContentAnnotate || d < Draft7 {
		return
	}
	switch strings.ToLower(textOf(t.get("contentEncoding"))) {
	case "base64":
		n.content = bundle.ContentBase64
	case "", "7bit", "8bit", "binary":
	default:
		return
	}
	media, _, err := mime.ParseMediaType(textOf(t.get("contentMediaType")))
	if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
		n.content |= bundle.ContentJSON
	}
}

// count reads a non-negative integer; more than 32 bits hold means no limit.
func (c *compiler) count(t *tree) uint32 {
	if t.kind == scan.Number {
		if lo, hi := wholeBounds(string(t.raw)); lo.Cmp(hi) == 0 && lo.Sign() >= 0 {
			if !lo.IsUint64() || lo.Uint64() >= math.MaxUint32 {
				return math.MaxUint32
			}
			return uint32(lo.Uint64())
		}
	}
	c.fail(t, "must be a non-negative integer")
	return 0
}

// bounds reads the limits of numbers.
func (c *compiler) bounds(t *tree, d Draft, n *node) {
	b := number{}
	get := func(name string) string {
		if k := t.get(name); k != nil {
			if k.kind == scan.Number {
				return string(k.raw)
			}
			c.fail(k, "must be a number")
		}
		return ""
	}
	b.min, b.max, b.multiple = get("minimum"), get("maximum"), get("multipleOf")
	if b.multiple != "" && compare(b.multiple, "0") <= 0 {
		c.fail(t.get("multipleOf"), "must be greater than 0")
		return
	}
	if d == Draft4 {
		b.flags |= bundle.LegacyExclusive
		if t.get("exclusiveMinimum").isTrue() {
			b.flags |= bundle.ExclusiveMin
		}
		if t.get("exclusiveMaximum").isTrue() {
			b.flags |= bundle.ExclusiveMax
		}
	} else {
		// Of two limits on one side the tighter one decides.
		if x := get("exclusiveMinimum"); x != "" && (b.min == "" || compare(x, b.min) >= 0) {
			b.min, b.flags = x, b.flags|bundle.ExclusiveMin
		}
		if x := get("exclusiveMaximum"); x != "" && (b.max == "" || compare(x, b.max) <= 0) {
			b.max, b.flags = x, b.flags|bundle.ExclusiveMax
		}
	}
	if b.min != "" || b.max != "" || b.multiple != "" {
		n.number = &b
	}
}

func compare(a, b string) int {
	x, _ := decimal.Parse([]byte(a))
	y, _ := decimal.Parse([]byte(b))
	return decimal.Compare(x, y)
}

// wholeBounds returns the integers at or around a number: the greatest not
// above it and the least not below it. Beyond 64 bits only the sign and the
// size beyond count.
func wholeBounds(token string) (floor, ceil *big.Int) {
	zero := big.NewInt(0)
	exponent := 0
	if i := strings.IndexAny(token, "eE"); i >= 0 {
		if e, ok := new(big.Int).SetString(token[i+1:], 10); !ok || !e.IsInt64() || e.Int64() > 5000 {
			exponent = 5000
		} else if e.Int64() < -5000 {
			exponent = -5000
		}
		if exponent != 0 {
			token = token[:i]
		}
	}
	r, ok := new(big.Rat).SetString(token)
	switch {
	case !ok || r.Sign() == 0:
		return zero, zero
	case exponent < 0 && r.Sign() > 0:
		return zero, big.NewInt(1)
	case exponent < 0:
		return big.NewInt(-1), zero
	case exponent > 0:
		r.SetInt(new(big.Int).Lsh(big.NewInt(int64(r.Sign())), 200))
	}
	floor = new(big.Int).Div(r.Num(), r.Denom()) // Euclidean: rounds down, as the divisor is positive
	ceil = new(big.Int).Set(floor)
	if !r.IsInt() {
		ceil.Add(ceil, big.NewInt(1))
	}
	return floor, ceil
}

var one = big.NewInt(1)

// saturate fits n into 64 bits.
func saturate(n *big.Int) int64 {
	if n.IsInt64() {
		return n.Int64()
	}
	if n.Sign() < 0 {
		return math.MinInt64
	}
	return math.MaxInt64
}

// step is the divisor of integers that multipleOf amounts to: 1 if every
// integer is a multiple, 0 if decimals must decide.
func step(multiple string) int64 {
	r, ok := new(big.Rat).SetString(multiple)
	if strings.ContainsAny(multiple, "eE") || !ok {
		return 0
	}
	switch {
	case r.IsInt() && r.Num().IsInt64():
		return r.Num().Int64()
	case r.Num().IsInt64() && r.Num().Int64() == 1:
		return 1 // one over an integer
	}
	return 0
}
