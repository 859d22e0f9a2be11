package compile

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	"weir/schemas/scan"
)

// Index finds the places in schema files that keywords stand at. A bundle holds
// no positions; an Index over the same sources gives them back. It is safe for
// concurrent use.
type Index struct {
	mu sync.Mutex // following a reference may load a document
	c  *compiler
}

// Place is where a keyword stands.
type Place struct {
	// URI is the absolute URI of the keyword, references resolved, as
	// absoluteKeywordLocation of JSON Schema's output formats has it. It is ""
	// where only a run can tell, behind a dynamic reference; the rest of the
	// place is then that of the reference.
	URI    string
	Path   string // Source.Path, or its key
	Line   int    // from 1
	Column int    // from 1, in bytes
	Value  []byte // JSON of the keyword's value, as it stands in the file
}

// NewIndex reads the sources, which should be those that a bundle was compiled
// from, under the same options. The error joins one [*Error] per fault.
func NewIndex(sources []Source, opt Options) (*Index, error) {
	c := newCompiler(opt)
	for _, s := range sources {
		c.add(s)
	}
	for _, d := range c.documents {
		c.register(d)
	}
	if len(c.errs) > 0 {
		return nil, errors.Join(c.errs...)
	}
	return &Index{c: c}, nil
}

// Place follows a schema pointer, such as /properties/price/$ref/minimum, from
// the root of the schema known by the key or URI. It returns false if there is
// no such schema or the pointer leads nowhere in it.
func (x *Index) Place(key, pointer string) (Place, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.c.document(key)
	if r == nil {
		return Place{}, false
	}
	t, exact := r.root, true
	if pointer != "" {
		tokens := strings.Split(pointer, "/")[1:]
		for i, token := range tokens {
			next := t.at("/" + token)
			if next == nil {
				return Place{}, false
			}
			if schema := x.c.where[t]; schema != nil && i < len(tokens)-1 && next.kind == scan.String {
				switch token {
				case "$ref":
					next, _ = x.c.resolve(t, next, schema)
				case "$dynamicRef", "$recursiveRef":
					exact = false
				}
				if next == nil {
					return Place{}, false
				}
			}
			if t = next; !exact {
				break
			}
		}
	}
	x.c.errs = nil // of references that lead nowhere
	return x.c.place(t, exact), true
}

func (c *compiler) place(t *tree, exact bool) Place {
	root, schema := t, t
	for c.where[schema] == nil {
		schema = schema.parent
	}
	for root.parent != nil {
		root = root.parent
	}
	d, r := c.trees[root], c.where[schema]
	p := Place{Path: d.Path, Value: bytes.TrimSpace(d.JSON[t.start:t.end])}
	if p.Path == "" {
		p.Path = d.Key
	}
	p.Line, p.Column = position(d.JSON, t.start)
	if exact {
		uri := *r.uri
		uri.Fragment = strings.TrimPrefix(t.pointer(), r.root.pointer())
		p.URI = uri.String()
		if uri.Fragment == "" {
			p.URI += "#"
		}
	}
	return p
}
