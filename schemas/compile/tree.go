package compile

import (
	"errors"
	"strconv"
	"strings"

	"weir/schemas/scan"
	"weir/schemas/validate"
)

// tree is a JSON value with its place in the document.
type tree struct {
	kind       scan.Kind
	start, end int
	raw        []byte
	text       string // a string, unescaped
	names      []string
	children   []*tree // members' values or items
	parent     *tree
	token      string // its name or position in the parent
}

// get returns the value of a member, or nil.
func (t *tree) get(name string) *tree {
	if t == nil || t.kind != scan.Object {
		return nil
	}
	for i, n := range t.names {
		if n == name {
			return t.children[i]
		}
	}
	return nil
}

func (t *tree) isTrue() bool { return t != nil && t.kind == scan.True }

// pointer is the RFC 6901 pointer of the value in its document.
func (t *tree) pointer() string {
	if t.parent == nil {
		return ""
	}
	return t.parent.pointer() + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(t.token)
}

// at follows a JSON pointer, or returns nil.
func (t *tree) at(pointer string) *tree {
	if pointer == "" {
		return t
	}
	for _, token := range strings.Split(pointer, "/")[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		switch t.kind {
		case scan.Object:
			t = t.get(token)
		case scan.Array:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(t.children) {
				return nil
			}
			t = t.children[i]
		default:
			return nil
		}
		if t == nil {
			return nil
		}
	}
	return t
}

// maxSchemaDepth is how deep a schema document may nest.
const maxSchemaDepth = 200

// parse reads the document into a tree. It records a fault and returns nil if
// the document is not JSON or gives a member two values.
func (c *compiler) parse(d *document) *tree {
	p := parser{doc: d.JSON}
	p.s.Reset(d.JSON, maxSchemaDepth)
	root := p.value(nil, "")
	p.s.End()
	err := p.s.Err()
	switch {
	case err != nil:
		var fault *scan.Error
		errors.As(err, &fault)
		c.errs = append(c.errs, d.errorAt(min(fault.Offset, len(d.JSON)), "", "not JSON: "+fault.Code.String()))
	case p.repeated != nil:
		c.errs = append(c.errs, d.errorAt(p.repeated.start, p.repeated.pointer(), "the member occurs twice in its object, with different values"))
	default:
		return root
	}
	return nil
}

type parser struct {
	doc      []byte
	s        scan.Scanner
	repeated *tree
}

func (p *parser) value(parent *tree, token string) *tree {
	t := &tree{kind: p.s.Kind(), parent: parent, token: token}
	t.start = p.s.Offset()
	switch t.kind {
	case scan.Object:
		var name scan.Text
		seen := map[string]*tree{}
		for p.s.Object(); p.s.Member(&name); {
			n := string(name.Append(nil))
			v := p.value(t, n)
			if first := seen[n]; first != nil {
				// Twice the same says nothing new; it is met in published schemas.
				if p.repeated == nil && p.s.Err() == nil && !validate.Equal(p.doc[first.start:first.end], p.doc[v.start:v.end]) {
					p.repeated = v
				}
				continue
			}
			seen[n] = v
			t.names = append(t.names, n)
			t.children = append(t.children, v)
		}
	case scan.Array:
		for p.s.Array(); p.s.Item(); {
			t.children = append(t.children, p.value(t, strconv.Itoa(len(t.children))))
		}
	case scan.String:
		var text scan.Text
		p.s.String(&text)
		t.text = string(text.Append(nil))
	default:
		t.raw = p.s.Skip()
	}
	t.end = p.s.Offset()
	return t
}
