package ndjson

import "weir/edge/envelope"

// column finds the column of a name, looking first where it is in an envelope.
func column(next envelope.Field, name string) (envelope.Field, bool) {
	for f := next; f < envelope.NumFields; f++ {
		if f.Name() == name {
			return f, true
		}
	}
	for f := envelope.Field(0); f < next; f++ {
		if f.Name() == name {
			return f, true
		}
	}
	return 0, false
}

// column sets a column to the value that a line has for it.
func (a *Adapter) column(e *envelope.Event, f envelope.Field, value []byte) {
	name := f.Name()
	if a.seen[f] {
		a.violate(e, name, "duplicateKey", "must not occur twice")
		return
	}
	if value[0] == 'n' {
		return
	}
	a.seen[f] = true
	switch f {
	case envelope.CollectorTstamp, envelope.DerivedTstamp:
		a.happened(e, f, value)
		return
	case envelope.PageURLScheme, envelope.PageURLHost, envelope.PageURLPort, envelope.PageURLPath, envelope.PageURLQuery, envelope.PageURLFragment,
		envelope.RefrURLScheme, envelope.RefrURLHost, envelope.RefrURLPort, envelope.RefrURLPath, envelope.RefrURLQuery, envelope.RefrURLFragment:
		return // they follow from page_url and page_referrer, as the policy for these leaves them
	case envelope.EventID:
		if !envelope.IsUUID(a.doc.Text(value)) {
			e.Misfit(f, "format", "must be a UUID of 36 characters", name, a.doc.Text(value))
			return
		}
	case envelope.EventType:
		if !isEventType(a.doc.Text(value)) {
			e.Drop(f)
			e.Misfit(f, "enum", "must be one of page_view, page_ping, unstruct, struct, transaction, transaction_item, ad_impression", name, a.doc.Text(value))
			return
		}
	}
	if !a.doc.Set(e, f, name, value) {
		e.Misfit(f, "type", must(f.Kind()), name, a.doc.Text(value))
	}
}

// happened notes when the event happened: derived_tstamp says it better than
// collector_tstamp.
func (a *Adapter) happened(e *envelope.Event, f envelope.Field, value []byte) {
	if !a.doc.Set(e, f, f.Name(), value) {
		e.Misfit(f, "type", must(envelope.Timestamp), f.Name(), a.doc.Text(value))
		return
	}
	t, _ := e.GetInt(f)
	e.Drop(f)
	if f == envelope.DerivedTstamp || !a.row.timed {
		a.row.time, a.row.timed = t, true
	}
}

// must says what a value must be for a column of that kind.
func must(k envelope.Kind) string {
	switch k {
	case envelope.Timestamp:
		return "must be a time as RFC 3339 has it, such as 2026-11-20T23:03:24.123Z"
	case envelope.Integer:
		return "must be an integer of 32 bits"
	case envelope.Boolean:
		return "must be true or false"
	case envelope.Decimal:
		return "must be a number of no more than 128 characters, its exponent from -308 to 308"
	}
	return "must be a string"
}

func isEventType(s string) bool {
	switch s {
	case "page_view", "page_ping", "unstruct", "struct", "transaction", "transaction_item", "ad_impression":
		return true
	}
	return false
}
