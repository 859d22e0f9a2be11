package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	array
	object
)

func (k kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// node is a JSON value that knows where it stands. encoding/json forgets
// positions and repeated members, and both are what a linter reports.
type node struct {
	kind    kind
	offset  int    // of its first byte
	end     int    // of the byte after its last
	text    string // of a string, decoded; of a number or boolean, as written
	items   []*node
	members []member
	parent  *node
	step    string // from parent: member name or index
}

type member struct {
	name   string
	offset int // of the name
	value  *node
}

// get returns the member's value, nil if there is none or n is no object.
func (n *node) get(name string) *node {
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// str returns the string at a member, "" if there is none.
func (n *node) str(name string) string {
	if v := n.get(name); v != nil && v.kind == text {
		return v.text
	}
	return ""
}

// pointer is the RFC 6901 pointer of n.
func (n *node) pointer() string {
	if n.parent == nil {
		return ""
	}
	return n.parent.pointer() + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(n.step)
}

// equal compares values; numbers by how they are written.
func (n *node) equal(m *node) bool {
	if n == nil || m == nil {
		return n == m
	}
	if n.kind != m.kind || n.text != m.text || len(n.items) != len(m.items) || len(n.members) != len(m.members) {
		return false
	}
	for i := range n.items {
		if !n.items[i].equal(m.items[i]) {
			return false
		}
	}
	for _, mem := range n.members {
		if other := m.get(mem.name); other == nil || !mem.value.equal(other) {
			return false
		}
	}
	return true
}

// fault is a document that is not JSON, or repeats a member.
type fault struct {
	node    *node // where
	message string
}

// maxDepth bounds recursion; real schemas stay below 20.
const maxDepth = 200

type parser struct {
	text []byte
	dec  *json.Decoder
}

func parse(source []byte) (*node, *fault) {
	p := parser{text: source, dec: json.NewDecoder(bytes.NewReader(source))}
	p.dec.UseNumber()
	root, f := p.value(nil, "", 0)
	if f != nil {
		return nil, f
	}
	start := p.next()
	if _, err := p.dec.Token(); err != io.EOF {
		return nil, &fault{&node{offset: start}, "something follows the schema: a file holds one JSON value"}
	}
	return root, nil
}

// next is the offset of the next token.
func (p *parser) next() int {
	i := int(p.dec.InputOffset())
	for i < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[i]) >= 0 {
		i++
	}
	return i
}

func (p *parser) value(parent *node, step string, depth int) (*node, *fault) {
	n := &node{offset: p.next(), parent: parent, step: step}
	if depth > maxDepth {
		return nil, &fault{n, fmt.Sprintf("nested deeper than %d", maxDepth)}
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, p.syntax(n, err)
	}
	switch token := token.(type) {
	case nil:
	case bool:
		n.kind, n.text = boolean, strconv.FormatBool(token)
	case json.Number:
		n.kind, n.text = number, token.String()
	case string:
		n.kind, n.text = text, token
	case json.Delim:
		read := p.object
		if token == '[' {
			read = p.array
		}
		if f := read(n, depth); f != nil {
			return n, f
		}
	}
	n.end = int(p.dec.InputOffset())
	return n, nil
}

func (p *parser) array(n *node, depth int) *fault {
	n.kind = array
	for p.dec.More() {
		item, f := p.value(n, strconv.Itoa(len(n.items)), depth+1)
		if f != nil {
			return f
		}
		n.items = append(n.items, item)
	}
	return p.close(n)
}

func (p *parser) object(n *node, depth int) *fault {
	n.kind = object
	for p.dec.More() {
		at := p.next()
		token, err := p.dec.Token()
		if err != nil {
			return p.syntax(&node{offset: at, parent: n.parent, step: n.step}, err)
		}
		name, _ := token.(string)
		if n.get(name) != nil {
			return &fault{&node{offset: at, parent: n, step: name}, fmt.Sprintf("member %q is repeated: readers keep one of the two, and not all the same one", name)}
		}
		value, f := p.value(n, name, depth+1)
		if f != nil {
			return f
		}
		n.members = append(n.members, member{name, at, value})
	}
	return p.close(n)
}

func (p *parser) close(n *node) *fault {
	if _, err := p.dec.Token(); err != nil {
		return p.syntax(n, err)
	}
	return nil
}

// syntax says what the decoder met, at the token where it met it: its own
// offset is that of the token before.
func (p *parser) syntax(at *node, err error) *fault {
	where := *at
	where.offset = p.next()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &fault{&where, "not JSON: the text ends too early"}
	}
	return &fault{&where, "not JSON: " + err.Error()}
}

// position turns an offset into line and column, both from 1.
func position(source []byte, offset int) (line, column int) {
	before := source[:min(offset, len(source))]
	return 1 + bytes.Count(before, []byte{'\n'}), len(before) - bytes.LastIndexByte(before, '\n')
}
