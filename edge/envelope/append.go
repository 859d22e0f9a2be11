package envelope

import (
	"math/bits"
	"slices"
	"strconv"
)

// AppendBatch appends a batch: the header line, its Events and Failed counted
// here, then a line for each event. loc is where the request came from, as the
// privacy rules left it.
//
// A batch takes no more than limit bytes, and all but the last event leave
// reserve bytes of them. AppendBatch returns how many events fit: if not all do,
// what it appended is no batch yet, but has the size of one.
func AppendBatch(dst []byte, h *Header, loc *Location, events []Event, limit, reserve int) ([]byte, int) {
	start := len(dst)
	h.Events, h.Failed = len(events), 0
	for i := range events {
		if events[i].Verdict != Good {
			h.Failed++
		}
	}
	dst = append(h.AppendJSON(dst), '\n')
	var edge extent
	for i := range events {
		n := len(dst)
		room := limit - (n - start)
		if i < len(events)-1 {
			room -= reserve
		}
		e := &events[i]
		if len(Fit(e.Payload, room)) < len(e.Payload) {
			return dst, i
		}
		if dst = append(e.appendJSON(dst, h, loc, &edge, i), '\n'); len(dst)-n > room {
			return dst[:n], i
		}
	}
	return dst, len(events)
}

// extent is where something stands that may be written again.
type extent struct{ from, to int }

// AppendJSON appends the envelope of e, the index-th event of the batch that h
// describes: one line, without its end.
func (e *Event) AppendJSON(dst []byte, h *Header, loc *Location, index int) []byte {
	return e.appendJSON(dst, h, loc, &extent{}, index)
}

// appendJSON writes the location if edge is empty, and notes where, or else
// what stands there once more.
func (e *Event) appendJSON(dst []byte, h *Header, loc *Location, edge *extent, index int) []byte {
	present := e.present
	if e.Unstruct.Schema != "" {
		present[UnstructEvent>>6] |= 1 << (UnstructEvent & 63)
	}
	if len(e.Contexts) > 0 {
		present[Contexts>>6] |= 1 << (Contexts & 63)
	}
	dst = append(dst, '{')
	for w, word := range present {
		for ; word != 0; word &= word - 1 {
			f := Field(w<<6 + bits.TrailingZeros64(word))
			dst = append(e.appendColumn(appendName(dst, f), f), ',')
		}
	}
	return append(e.appendWeir(append(dst, `"weir":`...), h, loc, edge, index), '}')
}

// appendName appends a column's name as a member begins: quoted, with a colon.
func appendName(dst []byte, f Field) []byte {
	m, n := &members[f], len(dst)
	if cap(dst)-n < len(m.text) {
		dst = slices.Grow(dst, len(m.text))
	}
	// One copy of a size that the compiler knows; what is too much is written over.
	*(*[len(m.text)]byte)(dst[n : n+len(m.text)]) = m.text
	return dst[:n+int(m.length)]
}

// members holds the column names as members begin.
var members = func() (m [NumFields]struct {
	text   [32]byte
	length uint8
}) {
	for f := range columns {
		m[f].length = uint8(copy(m[f].text[:], `"`+columns[f].name+`":`))
	}
	return m
}()

func (e *Event) appendColumn(dst []byte, f Field) []byte {
	switch f {
	case UnstructEvent:
		return appendSelfDescribing(dst, &e.Unstruct)
	case Contexts:
		dst = append(dst, '[')
		for i := range e.Contexts {
			dst = append(appendSelfDescribing(dst, &e.Contexts[i]), ',')
		}
		return end(dst, ']')
	}
	switch v := &e.values[e.index[f]]; columns[f].kind {
	case Timestamp:
		return append(AppendTime(append(dst, '"'), v.n), '"')
	case Integer:
		return strconv.AppendInt(dst, v.n, 10)
	case Boolean:
		return strconv.AppendBool(dst, v.n != 0)
	case Decimal:
		return AppendShort(dst, v.text)
	default:
		return AppendString(dst, v.text)
	}
}

func appendSelfDescribing(dst []byte, s *SelfDescribing) []byte {
	dst = AppendString(append(dst, `{"schema":`...), s.Schema)
	dst = appendSpliced(append(dst, `,"data":`...), s.Data)
	return append(dst, '}')
}

// appendWeir appends the value of the member "weir". Members that have nothing to say are left out.
func (e *Event) appendWeir(dst []byte, h *Header, loc *Location, edge *extent, index int) []byte {
	dst = strconv.AppendInt(append(dst, `{"version":`...), Version, 10)
	dst = appendMember(append(dst, ','), `"protocol":`, e.Protocol)
	dst = appendMember(dst, `"verdict":`, e.Verdict.String())
	dst = appendMember(dst, `"batch":`, h.ID)
	dst = strconv.AppendInt(append(dst, `"index":`...), int64(index), 10)
	dst = append(dst, ',')
	dst = e.appendFindings(appendFilled(dst, `"bundle":`, h.Bundle))
	switch {
	case edge.to > 0:
		dst = append(append(dst, dst[edge.from:edge.to]...), ',')
	case *loc != (Location{}):
		edge.from = len(dst)
		dst = loc.appendJSON(append(dst, `"edge":`...))
		edge.to = len(dst)
		dst = append(dst, ',')
	}
	if len(e.Rejected) > 0 {
		dst = append(dst, `"rejected":{`...)
		for i := range e.Rejected {
			dst = append(AppendString(dst, e.Rejected[i].Name), ':')
			dst = append(AppendString(dst, e.Rejected[i].Value), ',')
		}
		dst = append(end(dst, '}'), ',')
	}
	dst = appendFilled(dst, `"payload":`, e.Payload)
	return end(dst, '}')
}

// AppendVerdict appends what was found out about an event, an object:
// event_id, verdict, and of the members of weir violations, violations_more,
// receipts, bot and signs, as far as there are any.
func (e *Event) AppendVerdict(dst []byte) []byte {
	dst = appendMember(append(dst, '{'), `"event_id":`, e.Get(EventID))
	dst = appendMember(dst, `"verdict":`, e.Verdict.String())
	return end(e.appendFindings(dst), '}')
}

// appendFindings appends members, with commas behind them.
func (e *Event) appendFindings(dst []byte) []byte {
	if len(e.Violations) > 0 {
		dst = append(dst, `"violations":[`...)
		for i := range e.Violations {
			v := &e.Violations[i]
			dst = appendMember(append(dst, '{'), `"schema":`, v.Schema)
			dst = appendMember(dst, `"path":`, v.Path)
			dst = appendMember(dst, `"keyword":`, v.Keyword)
			dst = append(end(appendMember(dst, `"message":`, v.Message), '}'), ',')
		}
		dst = append(end(dst, ']'), ',')
	}
	if e.MoreViolations > 0 {
		dst = strconv.AppendInt(append(dst, `"violations_more":`...), int64(e.MoreViolations), 10)
		dst = append(dst, ',')
	}
	if len(e.Receipts) > 0 {
		dst = append(dst, `"receipts":[`...)
		for i := range e.Receipts {
			r := &e.Receipts[i]
			dst = appendMember(append(dst, '{'), `"rule":`, r.Rule)
			dst = appendMember(dst, `"field":`, r.Field)
			dst = append(end(appendMember(dst, `"action":`, r.Action), '}'), ',')
		}
		dst = append(end(dst, ']'), ',')
	}
	return e.Signs.appendJSON(dst)
}

func (l *Location) appendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendFilled(dst, `"country":`, l.Country)
	dst = appendFilled(dst, `"region":`, l.Region)
	dst = appendFilled(dst, `"city":`, l.City)
	dst = appendFilled(dst, `"continent":`, l.Continent)
	dst = appendFilled(dst, `"timezone":`, l.Timezone)
	dst = appendFilled(dst, `"latitude":`, l.Latitude)
	dst = appendFilled(dst, `"longitude":`, l.Longitude)
	dst = appendFilled(dst, `"asn":`, l.ASN)
	dst = appendFilled(dst, `"as_org":`, l.ASOrg)
	dst = appendFilled(dst, `"colo":`, l.Colo)
	return end(dst, '}')
}

// AppendJSON appends the header line, without its end.
func (h *Header) AppendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"weir_batch":`...), Version, 10)
	dst = appendMember(append(dst, ','), `"id":`, h.ID)
	dst = AppendTime(append(dst, `"captured":"`...), h.Captured)
	dst = appendMember(append(dst, '"', ','), `"ack":`, h.Ack.String())
	dst = strconv.AppendInt(append(dst, `"events":`...), int64(h.Events), 10)
	dst = strconv.AppendInt(append(dst, `,"failed":`...), int64(h.Failed), 10)
	if h.Filtered > 0 {
		dst = strconv.AppendInt(append(dst, `,"filtered":`...), int64(h.Filtered), 10)
	}
	if h.Refused > 0 {
		dst = strconv.AppendInt(append(dst, `,"refused":`...), int64(h.Refused), 10)
	}
	if h.Bots > 0 {
		dst = strconv.AppendInt(append(dst, `,"bots":`...), int64(h.Bots), 10)
	}
	return end(appendFilled(append(dst, ','), `"bundle":`, h.Bundle), '}')
}

// appendMember appends a member and a comma, for end to replace. name is quoted and has its colon.
func appendMember(dst []byte, name, value string) []byte {
	return append(AppendString(AppendShort(dst, name), value), ',')
}

func appendFilled(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendMember(dst, name, value)
}

// end closes an object or array that holds something: closing replaces the last comma.
func end(dst []byte, closing byte) []byte {
	dst[len(dst)-1] = closing
	return dst
}
