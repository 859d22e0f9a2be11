package document

import (
	"bytes"
	"strings"

	"weir/edge/envelope"
	"weir/schemas/scan"
)

// MaxShared bounds, in bytes, what all events of a request have in common: each
// of them is judged and stored with it.
const MaxShared = 32 << 10

// Column is a member of an object that means the same as a canonical column.
type Column struct {
	Name  string
	Field envelope.Field
	// Part says that the member only repeats a part of the column, whose own member goes before it.
	Part bool
	// Out says that the member is read elsewhere and is not left over.
	Out bool
	// Within are such members of an object that the member is, instead.
	Within []Column
}

// Lift fills columns with those members of doc, an object, that mean the same,
// and returns the object without them, or nil if nothing is left. So a privacy
// rule for a column finds all there is of it. What does not have the column's
// type stays where it is, for a schema to judge; null counts as absent.
func (d *Reader) Lift(e *envelope.Event, doc []byte, columns []Column) []byte {
	d.Take(e, doc, columns)
	d.inner.Reset(doc, d.Limits.Depth)
	rest := d.leave(append(d.Arena.Bytes(len(doc)), '{'), columns)
	if len(rest) == len("{") {
		return nil
	}
	return d.Arena.Keep(append(rest, '}'))
}

// Take fills columns as [Reader.Lift] does, and makes no rest.
func (d *Reader) Take(e *envelope.Event, doc []byte, columns []Column) {
	d.inner.Reset(doc, d.Limits.Depth)
	d.taken = [len(d.taken)]bool{}
	d.take(e, columns)
}

func (d *Reader) take(e *envelope.Event, columns []Column) {
	s := &d.inner
	var key scan.Text
	for s.Object(); s.Member(&key); {
		c := find(columns, key)
		switch {
		case c != nil && c.Within != nil && s.Kind() == scan.Object:
			d.take(e, c.Within)
		case c == nil || c.Out || c.Part || c.Within != nil:
			s.Skip()
		default:
			if value := s.Skip(); d.Set(e, c.Field, c.Name, value) {
				d.taken[c.Field] = true
			}
		}
	}
}

// leave appends the members that went into no column, and returns dst as it was
// if there are none.
func (d *Reader) leave(dst []byte, columns []Column) []byte {
	s, first := &d.inner, len(dst)
	var key scan.Text
	for s.Object(); s.Member(&key); {
		c := find(columns, key)
		start := len(dst)
		if start > first {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), key.Raw...), '"', ':')
		if c != nil && c.Within != nil && s.Kind() == scan.Object {
			opened := len(dst) + 1
			if dst = d.leave(append(dst, '{'), c.Within); len(dst) > opened {
				dst = append(dst, '}')
			} else {
				dst = dst[:start]
			}
			continue
		}
		value := s.Skip()
		if c != nil && c.goes(d, value) {
			dst = dst[:start]
			continue
		}
		dst = append(dst, value...)
	}
	return dst
}

// goes reports whether a member goes elsewhere, and is not left over.
func (c *Column) goes(d *Reader, value []byte) bool {
	switch {
	case c.Out:
		return true
	case c.Part:
		return d.taken[c.Field]
	}
	return c.Within == nil && fits(c.Field, value)
}

func find(columns []Column, key scan.Text) *Column {
	for i := range columns {
		if key.Is(columns[i].Name) {
			return &columns[i]
		}
	}
	return nil
}

// Set sets a column to a JSON value and reports whether it is of the column's
// type: a string, or a number as it is spelled, for text; RFC 3339 for a
// timestamp; a number without fraction for an integer; true or false; a number
// of at most 128 characters, its exponent within ±308, for a decimal. Null is
// of every type and sets nothing. name is what the sender calls the column.
func (d *Reader) Set(e *envelope.Event, f envelope.Field, name string, value []byte) bool {
	if !fits(f, value) {
		return false
	}
	if value[0] == 'n' {
		return true
	}
	switch f.Kind() {
	case envelope.Text:
		e.Fill(&d.Arena, f, name, d.Text(value))
	case envelope.Timestamp:
		t, _ := timeOf(value)
		e.SetInt(f, t)
	case envelope.Integer:
		n, _ := ParseInt32(envelope.View(value))
		e.SetInt(f, n)
	case envelope.Boolean:
		e.SetBool(f, value[0] == 't')
	case envelope.Decimal:
		e.Set(f, envelope.View(value))
	}
	return true
}

// fits reports whether a JSON value can be set as a column.
func fits(f envelope.Field, value []byte) bool {
	k := scan.KindOf(value[0])
	if k == scan.Null {
		return true
	}
	switch f.Kind() {
	case envelope.Text:
		return k == scan.String || k == scan.Number
	case envelope.Timestamp:
		_, ok := timeOf(value)
		return ok
	case envelope.Integer:
		_, ok := ParseInt32(envelope.View(value))
		return ok
	case envelope.Boolean:
		return k == scan.True || k == scan.False
	case envelope.Decimal:
		return k == scan.Number && isModest(value)
	}
	return false
}

// isModest reports whether a number is one that a column of a warehouse holds.
func isModest(number []byte) bool {
	if i := bytes.IndexAny(number, "eE"); i >= 0 {
		n, ok := ParseInt32(strings.TrimPrefix(envelope.View(number[i+1:]), "+"))
		return ok && n >= -308 && n <= 308 && len(number) <= 128
	}
	return len(number) <= 128
}

// timeOf reads a JSON string that is a time of RFC 3339 without escapes.
func timeOf(value []byte) (int64, bool) {
	if value[0] != '"' {
		return 0, false
	}
	return envelope.ParseRFC3339(envelope.View(value[1 : len(value)-1]))
}

// Text returns what a JSON string says, or anything else as it is spelled.
func (d *Reader) Text(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return envelope.View(value)
	}
	raw := value[1 : len(value)-1]
	t := scan.Text{Raw: raw, Escaped: strings.IndexByte(envelope.View(raw), '\\') >= 0}
	if !t.Escaped {
		return envelope.View(raw)
	}
	return d.Arena.KeepString(t.Append(d.Arena.Bytes(len(raw))))
}

// ParseInt32 reads a decimal integer within int32.
func ParseInt32(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 10 {
		return 0, false
	}
	n := int64(0)
	for i := range len(digits) {
		if digits[i]-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(digits[i]-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, n == int64(int32(n))
}

// SetSize sets a column and the one behind it to WIDTHxHEIGHT.
func (d *Reader) SetSize(e *envelope.Event, width envelope.Field, name, value string) {
	w, h, _ := strings.Cut(value, "x")
	x, ok := ParseInt32(w)
	y, ok2 := ParseInt32(h)
	if !ok || !ok2 || x < 0 || y < 0 {
		e.Misfit(width, "pattern", "must be WIDTHxHEIGHT, two decimal integers of 32 bits", name, value)
		return
	}
	e.SetInt(width, x)
	e.SetInt(width+1, y)
}

// Find returns a member of doc, an object, the last of that name, or nil.
func (d *Reader) Find(doc []byte, name string) (value []byte) {
	d.inner.Reset(doc, d.Limits.Depth)
	var key scan.Text
	for d.inner.Object(); d.inner.Member(&key); {
		if v := d.inner.Skip(); key.Is(name) {
			value = v
		}
	}
	return value
}
