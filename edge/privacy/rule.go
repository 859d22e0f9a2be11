package privacy

import (
	"slices"
	"strings"

	"weir/edge/envelope"
)

// Rule is one rule of a policy: what happens to which fields of which events.
type Rule struct {
	Name      string // in receipts
	Apps      []string
	Protocols []string
	// Schemas are patterns of schema keys, '*' standing for any run of
	// characters. With them, Fields are paths into the data of self-describing
	// events and entities, such as "customer.email" or "items.*.name"; without,
	// the names of canonical columns.
	Schemas []string
	Fields  []string
	Action  Action

	columns []envelope.Field // Fields, without Schemas
}

// Version says which version of a policy the rules and the signals are of: their
// receipts name it behind their own names.
func (r *Rules) Version(version string) {
	for i := range r.Policy {
		r.Policy[i].Name += "@" + version
	}
	r.Signals = slices.Clone(r.Signals) // the default is everybody's
	for i := range r.Signals {
		r.Signals[i].Name += "@" + version
	}
}

// Columns settles what the fields of a rule without schemas mean. It returns
// the first that is no column, or not one to which the action can be applied: a
// time can be dropped and truncated to a unit, a decimal number to decimals, and
// other columns that are no text can only be dropped.
func (r *Rule) Columns() (unknown string, ok bool) {
	if len(r.Schemas) > 0 {
		return "", true
	}
	for _, name := range r.Fields {
		f, ok := envelope.FieldByName(name)
		if !ok || !r.Action.fits(f.Kind()) {
			return name, false
		}
		r.columns = append(r.columns, f)
	}
	return "", true
}

// fits reports whether the action can be applied to columns of a kind.
func (a *Action) fits(kind envelope.Kind) bool {
	switch kind {
	case envelope.Text:
		return true
	case envelope.Object, envelope.Array:
		return false
	case envelope.Timestamp:
		return a.kind == kindDrop || a.kind == kindTruncate && a.unit != noUnit
	case envelope.Decimal:
		return a.kind == kindDrop || a.kind == kindTruncate && a.decimals >= 0
	}
	return a.kind == kindDrop
}

// concerns reports whether the rule is for events like this one.
func (r *Rule) concerns(e *envelope.Event) bool {
	return Listed(r.Apps, e.Get(envelope.AppID)) && Listed(r.Protocols, e.Protocol)
}

// Listed reports whether s is of one of the patterns, in which '*' stands for
// any run of characters. No pattern means everything.
func Listed(patterns []string, s string) bool {
	for _, p := range patterns {
		if Matches(p, s) {
			return true
		}
	}
	return len(patterns) == 0
}

// Matches reports whether s is of a pattern in which '*' stands for any run of characters.
func Matches(pattern, s string) bool {
	for {
		star := strings.IndexByte(pattern, '*')
		if star < 0 {
			return pattern == s
		}
		if !strings.HasPrefix(s, pattern[:star]) {
			return false
		}
		s, pattern = s[star:], pattern[star+1:]
		if pattern == "" {
			return true
		}
		// The shortest run is enough, save for the last star, which takes all it can.
		next := strings.IndexByte(pattern, '*')
		if next < 0 {
			return strings.HasSuffix(s, pattern)
		}
		i := strings.Index(s, pattern[:next])
		if i < 0 {
			return false
		}
		s = s[i:]
	}
}

// Means reports whether the rule is for that place in the data of a schema: a
// path of names, each behind a dot, "*" for an item.
func (r *Rule) Means(schema, path string) bool {
	return len(r.Schemas) > 0 && Listed(r.Schemas, schema) && r.matchesPath(path)
}

// MeansColumn reports whether the rule is for that column.
func (r *Rule) MeansColumn(f envelope.Field) bool { return slices.Contains(r.columns, f) }

// matchesPath reports whether a path into a document, each part behind a dot, is
// one of the rule's fields or stands within one.
func (r *Rule) matchesPath(path string) bool {
	for _, field := range r.Fields {
		if isPath(field, path) {
			return true
		}
	}
	return false
}

// isPath compares part by part; '*' stands for any one part.
func isPath(field, path string) bool {
	for {
		part, rest, more := strings.Cut(field, ".")
		if path == "" || path[0] != '.' {
			return false
		}
		path = path[1:]
		if part == "*" {
			if i := strings.IndexByte(path, '.'); i >= 0 {
				path = path[i:]
			} else {
				path = ""
			}
		} else {
			if !strings.HasPrefix(path, part) {
				return false
			}
			path = path[len(part):]
		}
		if !more {
			return path == ""
		}
		field = rest
	}
}

// applyColumn applies the rule to one column of an event.
func (r *Rule) applyColumn(arena *envelope.Arena, e *envelope.Event, f envelope.Field, key *Key, scratch []byte) []byte {
	if !e.Has(f) {
		return scratch
	}
	name := r.Action.Name()
	kept := false
	switch f.Kind() {
	case envelope.Timestamp:
		if r.Action.kind == kindDrop {
			break
		}
		before, _ := e.GetInt(f)
		scratch = envelope.AppendTime(scratch[:0], before)
		n := len(scratch)
		scratch, _ = appendTimeUnit(scratch, envelope.View(scratch[:n]), r.Action.unit)
		var after int64
		if after, kept = envelope.ParseRFC3339(envelope.View(scratch[n:])); after == before && kept {
			return scratch
		}
		if kept {
			e.SetInt(f, after)
		}
	case envelope.Text, envelope.Decimal:
		before := e.Get(f)
		if scratch, kept = r.Action.apply(scratch[:0], before, key); kept {
			if envelope.View(scratch) == before {
				return scratch
			}
			e.Set(f, arena.Copy(scratch))
			if r.Action.kind == kindHash {
				name = arena.KeepString(append(append(arena.Bytes(len("hash:")+len(key.ID)), "hash:"...), key.ID...))
			}
		}
	}
	if !kept {
		e.Drop(f)
		name = "drop"
	}
	e.Redacted = true
	e.Receive(envelope.Receipt{Rule: r.Name, Field: f.Name(), Action: name})
	return scratch
}
