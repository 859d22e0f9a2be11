package clickhouse

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strconv"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

// batch is a batch as an INSERT wants it.
type batch struct {
	rows  []row
	lines []byte
	row   columns.Row
}

// row is one event.
type row struct {
	index int    // in the batch
	key   string // event id and fingerprint
	end   int    // of its line
}

// render writes every event as a line. What is not of the envelope's format
// fails here, before the server sees it.
func (b *batch) render(events sinks.Batch) (failed []sinks.EventError) {
	b.rows, b.lines = b.rows[:0], b.lines[:0]
	for i := range events.Events {
		if err := b.append(i, events.Events[i].Envelope); err != nil {
			failed = append(failed, sinks.EventError{Index: i, Err: err, Permanent: true})
		}
	}
	return failed
}

func (b *batch) append(index int, line []byte) error {
	if err := b.row.Read(line); err != nil {
		return err
	}
	overflow, err := b.row.Narrow(nil, fits)
	if err != nil {
		return err
	}
	key := b.row[envelope.EventID].Text + " " + b.row[envelope.EventFingerprint].Text
	b.lines = appendLine(b.lines, &b.row, overflow)
	b.rows = append(b.rows, row{index, key, len(b.lines)})
	return nil
}

// part returns the lines of the events from, up to and without to, and a token
// that names these events: the server passes over an insert whose token it
// remembers. It is not made of the batch's id, which names the batch whole,
// while parts of it may have to go alone.
func (b *batch) part(from, to int) (lines []byte, token string) {
	start := 0
	if from > 0 {
		start = b.rows[from-1].end
	}
	h := sha256.New()
	for _, r := range b.rows[from:to] {
		h.Write([]byte(r.key)) // never fails
		h.Write([]byte{'\n'})
	}
	return b.lines[start:b.rows[to-1].end], hex.EncodeToString(h.Sum(nil))
}

// appendLine appends a row in the format TabSeparated: values separated by tabs,
// \N for null, backslash escapes, a newline at the end.
func appendLine(dst []byte, row *columns.Row, overflow []byte) []byte {
	for i, v := range row {
		switch t := columns.All[i].Type; {
		case !v.Set && filled[i]: // empty, as the definition has it
		case !v.Set:
			dst = append(dst, `\N`...)
		case t == columns.Boolean:
			dst = strconv.AppendBool(dst, v.Int == 1)
		case t == columns.Timestamp:
			dst = append(append(append(dst, v.Text[:10]...), ' '), v.Text[11:23]...)
		case t == columns.Decimal:
			dst = appendDecimal(dst, v.Text)
		default:
			dst = columns.AppendEscaped(dst, v.Text)
		}
		dst = append(dst, '\t')
	}
	if len(overflow) == 0 {
		return append(dst, "\\N\n"...)
	}
	return append(columns.AppendEscaped(dst, envelope.View(overflow)), '\n')
}

// appendDecimal writes a number that fits its column without an exponent and
// without zeros behind the column's last place.
func appendDecimal(dst []byte, number string) []byte {
	r, ok := new(big.Rat).SetString(number)
	if !ok {
		return append(dst, number...) // not reached: the grammar was checked
	}
	_, fraction := columns.Digits(number)
	return append(dst, r.FloatString(fraction)...)
}

// fits reports whether a column holds a value as it is. Beyond these years
// DateTime64 takes the nearest time that it knows.
func fits(t columns.Type, v columns.Value) bool {
	if t == columns.Timestamp {
		return "1900" <= v.Text && v.Text < "2300"
	}
	integer, fraction := columns.Digits(v.Text)
	return integer <= decimalDigits-decimalScale && fraction <= decimalScale
}
