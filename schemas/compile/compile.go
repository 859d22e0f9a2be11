// Package compile turns JSON Schemas into programs that package validate runs:
// [Schema] one schema, [Set] many, [Bundle] many into bytes that can be stored,
// sent and opened elsewhere. Compile once; it costs milliseconds, and running a
// program needs nothing of this package. It runs on hosts and in builds, never
// at the edge.
//
// It knows drafts 4, 6, 7, 2019-09 and 2020-12, chosen for each document by its
// $schema, and the self-describing schemas of Iglu, which are draft 4 with
// formats asserted. Every document is checked against its metaschema first, and
// all faults are reported at once, each with file, line and JSON pointer.
//
// # What Options decide
//
//   - Formats: in drafts 4 to 7 format is an assertion, in later ones an
//     annotation unless the metaschema says otherwise. FormatAssert and
//     FormatAnnotate settle it for all. Unknown formats assert nothing.
//   - Content: contentEncoding and contentMediaType are annotations unless
//     ContentAssert is set; contentSchema always is one.
//   - Remote: nothing is ever fetched. A reference to a document that is neither
//     among the sources nor found by Load is an error (RemoteStrict), or accepts
//     everything, as Snowplow's validator has it (RemoteAccept).
//
// # Limits
//
// A schema document nests at most 200 deep; a set holds fewer than 2^24 schema
// positions and 2^16 privacy annotations; a bundle is at most 1 GiB. Lengths and
// counts in schemas from 2^32 on are no limit. A schema that applies itself to
// the same value is an error, since no value could be decided.
//
// Functions of this package may be called concurrently. They compile
// deterministically: the same sources in the same order make the same bytes.
package compile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"weir/schemas/bundle"
)

// Source is one schema document.
type Source struct {
	Key  string // iglu:vendor/name/format/version; "" takes it from "self" or "$id", or file:///Path
	Path string // where it was read, for messages
	JSON []byte
}

// Options steer compilation. The zero value is the default for Iglu schemas.
type Options struct {
	// Draft is for documents without $schema. By default that is draft 4 for
	// documents with an iglu key or "self", and 2020-12 for all others.
	Draft Draft
	// Formats says whether format is an assertion.
	Formats FormatPolicy
	// Content says whether contentEncoding and contentMediaType are assertions.
	Content ContentPolicy
	// Remote says what a reference to a document that is not among the sources means.
	Remote RemotePolicy
	// Load finds documents that references lead to and that are not among the
	// sources, by absolute URI without fragment; it returns false for none. They
	// become part of the schemas that refer to them, not programs of their own.
	Load func(uri string) ([]byte, bool)
}

// FormatPolicy says whether format is an assertion or an annotation.
type FormatPolicy uint8

const (
	// FormatByDraft asserts formats for drafts 4 to 7, where validators always
	// did, and for metaschemas with the format-assertion vocabulary.
	FormatByDraft FormatPolicy = iota
	FormatAssert
	FormatAnnotate
)

// ContentPolicy says whether contentEncoding and contentMediaType are
// assertions, from draft 7 on. Draft 7 leaves it to implementations, later ones
// make them annotations; contentSchema is always one.
type ContentPolicy uint8

const (
	ContentAnnotate ContentPolicy = iota
	// ContentAssert asserts the encoding base64 (RFC 4648, section 4, with line
	// breaks as in RFC 2045) and media types of JSON. Others assert nothing.
	ContentAssert
)

// RemotePolicy says what a reference to an unknown document means.
type RemotePolicy uint8

const (
	// RemoteStrict makes it an error.
	RemoteStrict RemotePolicy = iota
	// RemoteAccept lets the reference accept every value, as Snowplow's
	// validator does, which fetches nothing and reads "{}" instead.
	RemoteAccept
)

// Error is a fault in a schema document.
type Error struct {
	Path    string // Source.Path, or its key
	Line    int    // from 1
	Column  int    // from 1, in bytes
	Pointer string // RFC 6901, "" for the whole document
	Message string
}

func (e *Error) Error() string {
	if e.Pointer == "" {
		return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s: %s", e.Path, e.Line, e.Column, e.Pointer, e.Message)
}

// Bundle compiles the sources into one bundle. The error joins one [*Error]
// per fault, each naming file, line, column and JSON pointer.
func Bundle(sources []Source, opt Options) ([]byte, error) {
	c := newCompiler(opt)
	for _, s := range sources {
		c.add(s)
	}
	c.check = true
	b, err := c.bundle()
	if err != nil {
		return nil, err
	}
	if _, err := bundle.Open(b); err != nil {
		return nil, fmt.Errorf("compiling schemas: the result does not open: %w", err)
	}
	return b, nil
}

func (c *compiler) bundle() ([]byte, error) {
	for _, d := range c.documents {
		c.register(d)
	}
	if c.check && len(c.errs) == 0 {
		c.checkMetaschemas()
	}
	if len(c.errs) == 0 {
		if tables := c.compile(); len(c.errs) == 0 {
			return bundle.Encode(tables)
		}
	}
	return nil, errors.Join(c.errs...)
}

type compiler struct {
	opt       Options
	documents []*document
	pending   map[string]*document // by key and $id, for documents not yet registered
	resources map[string]*resource // by absolute URI without fragment
	where     map[*tree]*resource  // of every schema found so far
	nodes     map[*tree]*node
	entries   map[*tree]*node // the same, entered from another resource
	patterns  map[string]*pattern
	order     []*node
	trees     map[*tree]*document // of document roots
	scoped    bool                // dynamic references are about: keep track of resources
	dynamic   bool                // one was met
	anchors   map[string]uint32   // numbers of dynamic anchor names
	errs      []error

	check        bool // against metaschemas
	lastResource uint32
}

func newCompiler(opt Options) *compiler {
	return &compiler{
		opt:       opt,
		pending:   map[string]*document{},
		resources: map[string]*resource{},
		where:     map[*tree]*resource{},
		trees:     map[*tree]*document{},
		patterns:  map[string]*pattern{},
		anchors:   map[string]uint32{},
	}
}

// document is a source, parsed.
type document struct {
	Source
	root *tree
	uris []string // by which it can be looked up
	own  bool     // given by the caller, not a metaschema
	main *resource
}

// fail records a fault at a place in a document.
func (c *compiler) fail(t *tree, format string, args ...any) {
	root := t
	for root.parent != nil {
		root = root.parent
	}
	d := c.trees[root]
	if d == nil {
		c.errs = append(c.errs, fmt.Errorf(format, args...))
		return
	}
	c.errs = append(c.errs, d.errorAt(t.start, t.pointer(), fmt.Sprintf(format, args...)))
}

func (d *document) errorAt(offset int, pointer, message string) *Error {
	path := d.Path
	if path == "" {
		path = d.Key
	}
	line, column := position(d.JSON, offset)
	return &Error{path, line, column, pointer, message}
}

// position returns the line and column of an offset, from 1.
func position(text []byte, offset int) (line, column int) {
	before := text[:offset]
	return 1 + bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n')
}

// add parses a source and registers what it declares.
func (c *compiler) add(s Source) {
	d := &document{Source: s, own: true}
	if d.root = c.parse(d); d.root == nil {
		return
	}
	c.trees[d.root] = d
	if d.Key == "" {
		d.Key = selfKey(d.root)
	}
	c.documents = append(c.documents, d)
	for _, uri := range [...]string{d.Key, textOf(d.root.get("$id")), textOf(d.root.get("id"))} {
		if uri = strings.TrimSuffix(uri, "#"); uri != "" && c.pending[uri] == nil {
			c.pending[uri] = d
		}
	}
}

func textOf(t *tree) string {
	if t == nil {
		return ""
	}
	return t.text
}

// selfKey returns the schema key in "self", or "".
func selfKey(root *tree) string {
	self := root.get("self")
	part := func(name string) string { return textOf(self.get(name)) }
	if self == nil || part("vendor") == "" || part("name") == "" || part("format") == "" || part("version") == "" {
		return ""
	}
	return "iglu:" + part("vendor") + "/" + part("name") + "/" + part("format") + "/" + part("version")
}

// compile turns the documents into tables.
func (c *compiler) compile() *bundle.Tables {
	for {
		c.nodes, c.entries = map[*tree]*node{}, map[*tree]*node{}
		c.order = []*node{anything, nothing}
		var roots []*node
		for _, d := range c.documents {
			roots = append(roots, c.schema(d.root, nil))
		}
		targets := c.dynamicTargets()
		if len(c.errs) > 0 {
			return nil
		}
		if c.dynamic && !c.scoped {
			c.scoped = true // read all again, with entries into resources told apart
			continue
		}
		if c.checkCycles(); len(c.errs) > 0 {
			return nil
		}
		return c.layout(roots, targets)
	}
}

// dynamicTargets returns where dynamic references may lead.
func (c *compiler) dynamicTargets() []dynamicTarget {
	if !c.scoped {
		return nil
	}
	var list []dynamicTarget
	seen := map[*resource]bool{}
	for _, r := range c.where {
		if seen[r] {
			continue
		}
		seen[r] = true
		for name, t := range r.dynamic {
			if i, ok := c.anchors[name]; ok {
				list = append(list, dynamicTarget{r.id, i, c.schema(t, nil)})
			}
		}
		if i, ok := c.anchors[""]; ok && r.recursive {
			list = append(list, dynamicTarget{r.id, i, c.schema(r.root, nil)})
		}
	}
	slices.SortFunc(list, func(a, b dynamicTarget) int {
		return cmp.Or(cmp.Compare(a.resource, b.resource), cmp.Compare(a.name, b.name))
	})
	return list
}

type dynamicTarget struct {
	resource, name uint32
	node           *node
}

// checkCycles records schemas that refer to themselves on the same value.
func (c *compiler) checkCycles() {
	const visiting, done = 1, 2
	state := map[*node]int{}
	var visit func(n *node)
	visit = func(n *node) {
		state[n] = visiting
		n.inPlace(func(x *node) {
			switch state[x] {
			case 0:
				visit(x)
			case visiting:
				c.fail(n.tree, "refers to itself without a member or item in between: no value could ever be decided")
			}
		})
		state[n] = done
	}
	for _, n := range c.order {
		if state[n] == 0 {
			visit(n)
		}
	}
}
