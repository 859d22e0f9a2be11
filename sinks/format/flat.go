package format

import (
	"strconv"
	"sync"

	"weir/edge/envelope"
	"weir/sinks"
	"weir/sinks/columns"
)

// Flat is one JSON object of the canonical columns that the event has, in their
// order and without nesting: what is an object or array in the envelope is a
// string that holds its JSON, as consumers want it that know columns only.
type Flat struct{}

var rows = sync.Pool{New: func() any { return new(columns.Row) }}

// Append implements [Format].
func (Flat) Append(dst []byte, e sinks.Event) ([]byte, error) {
	if err := sinks.CheckLine(e.Envelope); err != nil {
		return dst, err
	}
	row := rows.Get().(*columns.Row)
	defer func() {
		clear(row[:]) // it holds views of the envelope
		rows.Put(row)
	}()
	if err := row.Read(e.Envelope); err != nil {
		return dst, err
	}
	line := append(dst, '{')
	for i, v := range row {
		if !v.Set {
			continue
		}
		if len(line) > len(dst)+1 {
			line = append(line, ',')
		}
		line = append(append(append(line, '"'), columns.All[i].Name...), `":`...)
		switch columns.All[i].Type {
		case columns.Integer, columns.Decimal:
			line = append(line, v.Text...)
		case columns.Boolean:
			line = strconv.AppendBool(line, v.Int == 1)
		default:
			line = envelope.AppendString(line, v.Text)
		}
	}
	return append(line, '}'), nil
}

// ContentType implements [Format].
func (Flat) ContentType() string { return "application/json" }
