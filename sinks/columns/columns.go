// Package columns maps an envelope to one flat, typed row, for sinks that have
// tables: the 131 canonical columns of the Snowplow event model under their own
// names and in their order, then "weir".
//
// None of the 131 is left out, the deprecated ones included: a tracker may
// still send them, and loaders, models and people expect the table whole.
//
// The one list, [All], drives table definitions, column lists of statements,
// and the reference page README.md.
package columns

import (
	"strings"

	"weir/edge/envelope"
)

// Type is what a column holds, whatever a database calls it.
type Type uint8

// The types of columns.
const (
	Text      Type = iota // UTF-8 without U+0000, of any length
	UUID                  // canonical, 36 characters
	Timestamp             // with milliseconds, UTC
	Integer               // within int32
	Boolean               // true or false
	Decimal               // exact; see MaxDecimal
	JSON                  // an object or array
)

var typeNames = [...]string{"text", "uuid", "timestamp", "integer", "boolean", "decimal", "json"}

func (t Type) String() string { return typeNames[t] }

// Column is one column of the table.
type Column struct {
	Name     string
	Type     Type
	Required bool // never null
}

// Len is the number of columns.
const Len = envelope.NumFields + 1

// Weir is the index of the last column, which holds the envelope's "weir" member.
const Weir = Len - 1

// All lists the columns in order. An envelope field f is All[f].
var All = func() (all [Len]Column) {
	for f := range envelope.Field(envelope.NumFields) {
		all[f] = Column{Name: f.Name(), Type: typeOf(f)}
	}
	all[Weir] = Column{Name: "weir", Type: JSON}
	for _, f := range []envelope.Field{envelope.EventID, envelope.EventFingerprint, envelope.CollectorTstamp, Weir} {
		all[f].Required = true
	}
	return all
}()

func typeOf(f envelope.Field) Type {
	if f == envelope.EventID {
		return UUID
	}
	switch f.Kind() {
	case envelope.Timestamp:
		return Timestamp
	case envelope.Integer:
		return Integer
	case envelope.Boolean:
		return Boolean
	case envelope.Decimal:
		return Decimal
	case envelope.Object, envelope.Array:
		return JSON
	default:
		return Text
	}
}

// Key names the two columns that together are unique: the event and what it says.
var Key = [2]string{envelope.EventID.Name(), envelope.EventFingerprint.Name()}

// Dialect is how a database spells the types and quotes a name.
type Dialect struct {
	Types [JSON + 1]string
	Quote func(name string) string
}

// Definition returns the column as CREATE TABLE and ADD COLUMN want it.
func (d Dialect) Definition(c Column) string {
	s := d.Quote(c.Name) + " " + d.Types[c.Type]
	if c.Required {
		s += " NOT NULL"
	}
	return s
}

// Definitions returns every column, separated by commas.
func (d Dialect) Definitions() string { return join(",\n\t", d.Definition) }

// Names returns every quoted name, separated by commas.
func (d Dialect) Names() string {
	return join(", ", func(c Column) string { return d.Quote(c.Name) })
}

func join(sep string, text func(Column) string) string {
	parts := make([]string, Len)
	for i, c := range All {
		parts[i] = text(c)
	}
	return strings.Join(parts, sep)
}

var index = func() map[string]int {
	m := make(map[string]int, Len)
	for i, c := range All {
		m[c.Name] = i
	}
	return m
}()
