package mysql

import (
	"fmt"
	"strings"

	"weir/sinks"
	"weir/sinks/columns"
)

// A statement holds this much at most, and less where the server takes less: it
// is where longer ones bring nothing more.
const (
	mostBytes = 2 << 20
	mostRows  = 1000
)

// batch is a batch as statements want it.
type batch struct {
	rows   []row
	values []any // of all rows, one after the other
	failed []sinks.EventError
	packet int // bytes of the longest statement that the server takes
	parsed columns.Row
}

// row is one event.
type row struct {
	index    int // in the batch
	key      key
	present  present
	from, to int // its values
	bytes    int // it adds to a statement at most
}

// key is what keeps events unique.
type key struct{ id, fingerprint string }

// width is the number of columns: those of the envelope and the overflow.
const width = columns.Len + 1

// present names the columns of a row that are not null, a bit each.
type present [(width + 63) / 64]uint64

func (p *present) add(i int)      { p[i/64] |= 1 << (i % 64) }
func (p *present) has(i int) bool { return p[i/64]&(1<<(i%64)) != 0 }

func (p *present) merge(q present) {
	for i := range p {
		p[i] |= q[i]
	}
}

// overhead is what a statement holds beside its rows: the names of all columns and more.
const overhead = 8 << 10

// render turns every event into a row. What is not of the envelope's format, or
// larger than a statement may be, fails here, before the server sees it.
func (b *batch) render(events sinks.Batch, packet int) {
	b.rows, b.values, b.failed, b.packet = b.rows[:0], b.values[:0], nil, packet
	for i := range events.Events {
		if err := b.renderRow(i, events.Events[i].Envelope); err != nil {
			b.failed = append(b.failed, sinks.EventError{Index: i, Err: err, Permanent: true})
		}
	}
}

func (b *batch) renderRow(index int, envelope []byte) error {
	if err := b.parsed.Read(envelope); err != nil {
		return err
	}
	overflow, err := b.parsed.Narrow(nil, fits)
	if err != nil {
		return err
	}
	r := row{index: index, from: len(b.values), bytes: 2 + len(", NULL")*width}
	escaped := 0
	add := func(i int, v any) {
		r.present.add(i)
		b.values = append(b.values, v)
		s, _ := v.(string)
		r.bytes += len(s) + 20
		escaped += escapes(s)
	}
	for i, v := range b.parsed {
		if !v.Set {
			continue
		}
		switch columns.All[i].Type {
		case columns.Integer, columns.Boolean:
			add(i, v.Int)
		case columns.Timestamp:
			add(i, v.Text[:len(v.Text)-1]) // without its Z: the session is in UTC
		default:
			add(i, v.Text)
		}
	}
	if len(overflow) > 0 {
		add(columns.Len, string(overflow))
	}
	r.bytes += escaped
	if most := b.packet - overhead; r.bytes > most {
		b.values = b.values[:r.from]
		return fmt.Errorf("the event needs a statement of %d bytes, and the server takes %d: raise max_allowed_packet, then retry its dead letter", r.bytes+overhead, b.packet)
	}
	r.to = len(b.values)
	// Comparison pads with spaces.
	r.key = key{b.parsed[columnID].Text, strings.TrimRight(b.parsed[columnFingerprint].Text, " ")}
	b.rows = append(b.rows, r)
	return nil
}

// escapes is how many bytes a text grows by when it is quoted.
func escapes(s string) (n int) {
	for i := range len(s) {
		switch s[i] {
		case 0, '\n', '\r', '\x1a', '\'', '"', '\\':
			n++
		}
	}
	return n
}

// fits reports whether a column holds a value as it is. DATETIME is documented
// from the year 1000 on.
func fits(t columns.Type, v columns.Value) bool {
	if t == columns.Timestamp {
		return v.Text >= "1000"
	}
	integer, fraction := columns.Digits(v.Text)
	return integer <= decimalDigits-decimalScale && fraction <= decimalScale
}

// parts cuts the rows into those of one statement each.
func (b *batch) parts() (list [][]row) {
	most := min(mostBytes, b.packet-overhead)
	for rows := b.rows; len(rows) > 0; {
		n, bytes := 1, rows[0].bytes
		for n < len(rows) && n < mostRows && bytes+rows[n].bytes <= most {
			bytes += rows[n].bytes
			n++
		}
		list = append(list, rows[:n])
		rows = rows[n:]
	}
	return list
}

// insert is the statement that stores rows, and its arguments: the columns that
// at least one of them has.
func (b *batch) insert(t table, rows []row) (string, []any) {
	var any present
	size := 0
	for i := range rows {
		any.merge(rows[i].present)
		size += rows[i].to - rows[i].from
	}
	args := make([]interface{}, 0, size)
	var q strings.Builder
	q.WriteString("INSERT INTO " + t.quoted())
	separator := " ("
	for i := range width {
		if any.has(i) {
			q.WriteString(separator)
			q.WriteString(names[i])
			separator = ", "
		}
	}
	separator = ") VALUES ("
	for i := range rows {
		r := &rows[i]
		q.WriteString(separator)
		comma := ""
		for c := range width {
			switch {
			case r.present.has(c):
				q.WriteString(comma)
				q.WriteByte('?')
			case any.has(c):
				q.WriteString(comma)
				q.WriteString("NULL")
			default:
				continue
			}
			comma = ","
		}
		args = append(args, b.values[r.from:r.to]...)
		separator = "), ("
	}
	q.WriteByte(')')
	return q.String(), args
}

// stored is the query for the keys that the table holds already.
func stored(t table, rows []row) (string, []any) {
	args := make([]any, len(rows))
	for i := range rows {
		args[i] = rows[i].key.id
	}
	return "SELECT " + quote(columns.Key[0]) + ", " + quote(columns.Key[1]) + " FROM " + t.quoted() + " WHERE " + quote(columns.Key[0]) +
		" IN (?" + strings.Repeat(",?", len(rows)-1) + ")", args
}
