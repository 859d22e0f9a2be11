package validate

import "weir/schemas/scan"

// members walks over the members or items of a well-formed value.
type members struct {
	doc        []byte
	i          int
	closing    byte
	key        int // after the opening quote of the name
	nameEnd    int // its closing quote
	escaped    bool
	start, end int // of the value
}

// membersOf starts before the first member or item of the value at doc[i]. A
// value of another kind has none.
//
//go:nobounds
func membersOf(doc []byte, i int) members {
	m := members{doc: doc, i: i + 1}
	switch doc[i] {
	case '{':
		m.closing = '}'
	case '[':
		m.closing = ']'
	}
	return m
}

//go:nobounds
func (m *members) next() bool {
	if m.closing == 0 {
		return false
	}
	i := scan.Space(m.doc, m.i)
	if m.doc[i] == ',' {
		i = scan.Space(m.doc, i+1)
	}
	if m.doc[i] == m.closing {
		return false
	}
	if m.closing == '}' {
		end, flags, _ := scan.StringEnd(m.doc, i+1)
		m.key, m.nameEnd, m.escaped = i+1, end, flags&scan.Escaped != 0
		i = scan.Space(m.doc, scan.Space(m.doc, end+1)+1)
	}
	m.start = i
	m.end, _ = scan.ValueEnd(m.doc, i, scan.MaxDepth)
	m.i = m.end
	return true
}

// name returns the member name, unescaped, with the help of the buffer.
//
//go:nobounds
func (m *members) name(buf *[]byte) []byte {
	return scan.Text{Raw: m.doc[m.key:m.nameEnd], Escaped: m.escaped}.Bytes(buf)
}
