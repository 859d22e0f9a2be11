package plausible

import (
	"weir/edge/envelope"
	"weir/schemas/scan"
)

// member is a member of an event that has a meaning here.
type member uint8

const (
	name member = iota
	url
	domain
	referrer
	width
	props
	revenue
	interactive
	engagementTime
	scrollDepth
	hashMode
	version
	numMembers
)

// members are the names of members: that of the API, and those that scripts use
// and have used.
var members = [numMembers]struct{ long, short, old, older string }{
	{"name", "n", "", ""},
	{"url", "u", "", ""},
	{"domain", "d", "", ""},
	{"referrer", "r", "", ""},
	{"screen_width", "w", "", ""}, // of the window, in truth
	{"props", "p", "m", "meta"},
	{"revenue", "$", "", ""},
	{"interactive", "i", "", ""},
	{"engagement_time", "e", "", ""},
	{"scroll_depth", "sd", "", ""},
	{"hash_mode", "h", "", ""},
	{"version", "v", "", ""},
}

// read reads the members of the object that comes next, whose grammar is sound.
func (a *Adapter) read() {
	a.values, a.twice, a.misread, a.data = [numMembers][]byte{}, false, false, a.data[:0]
	var key scan.Text
	for a.doc.Object(); a.doc.Member(&key); {
		id := memberOf(key)
		value := a.doc.Skip()
		switch {
		case id == numMembers:
			a.data = appendRaw(a.data, key.Raw, value)
		case value[0] == 'n':
		case a.values[id] != nil:
			a.twice = true
		case id == props:
			a.values[id] = a.properties(value)
		default:
			a.values[id] = value
		}
	}
}

func memberOf(key scan.Text) member {
	for i := range members {
		m := &members[i]
		if key.Is(m.long) || key.Is(m.short) || m.old != "" && (key.Is(m.old) || key.Is(m.older)) {
			return member(i)
		}
	}
	return numMembers
}

// appendRaw appends a member whose name is JSON already.
func appendRaw(b, name, value []byte) []byte {
	if len(b) > 0 {
		b = append(b, ',')
	}
	b = append(append(append(b, '"'), name...), '"', ':')
	return append(b, value...)
}

// properties returns the object of props, which some scripts send as a string
// that holds it. Of a string that holds none, no privacy rule could tell what
// stands in it: it is kept apart from the data.
func (a *Adapter) properties(value []byte) []byte {
	if value[0] != '"' {
		return value
	}
	text := a.doc.Text(value)
	a.inner.Reset(envelope.ViewBytes(text), a.doc.Limits.Depth)
	if a.inner.Kind() == scan.Object {
		if object := a.inner.Skip(); a.inner.End() {
			return object
		}
	}
	a.unread, a.misread = text, true
	return nil
}
