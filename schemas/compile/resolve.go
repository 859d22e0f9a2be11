package compile

import (
	"net/url"
	"strings"

	"weir/schemas/scan"
)

// resource is a schema with a URI of its own: a document, or a part of one
// that has an $id.
type resource struct {
	id        uint32
	uri       *url.URL
	root      *tree
	dialect   dialect
	anchors   map[string]*tree
	dynamic   map[string]*tree // $dynamicAnchor
	recursive bool             // $recursiveAnchor
}

// register finds the resources and anchors of a document, once.
func (c *compiler) register(d *document) {
	if d.main != nil {
		return
	}
	base := d.Key
	if base == "" {
		base = "file:///" + strings.TrimPrefix(d.Path, "/")
	}
	uri, err := url.Parse(strings.TrimSuffix(base, "#"))
	if err != nil {
		c.fail(d.root, "%q cannot be the URI of a schema: %v", base, err)
		return
	}
	draft := c.opt.Draft
	if draft == 0 {
		draft = Draft2020
		if strings.HasPrefix(d.Key, "iglu:") {
			draft = Draft4
		}
	}
	d.main = c.newResource(d.root, uri, dialectOf(draft))
	if d.Key != "" {
		c.claim(base, d.main)
	}
	c.discover(d.root, d.main, true)
	// Lookups go by the key and by $id; the resource may have moved to the latter.
	if d.Key != "" {
		d.uris = append(d.uris, base)
	}
	if own := d.main.uri.String(); own != base || d.Key == "" {
		d.uris = append(d.uris, own)
	}
}

func (c *compiler) newResource(root *tree, uri *url.URL, d dialect) *resource {
	c.lastResource++
	return &resource{id: c.lastResource, uri: uri, root: root, dialect: d, anchors: map[string]*tree{}, dynamic: map[string]*tree{}}
}

// claim makes the resource known by a URI.
func (c *compiler) claim(uri string, r *resource) {
	if other := c.resources[uri]; other != nil && other.root != r.root {
		c.fail(r.root, "%s is already the URI of another schema", uri)
		return
	}
	c.resources[uri] = r
}

// discover walks the schema positions below t, which belongs to resource r.
func (c *compiler) discover(t *tree, r *resource, root bool) {
	if c.where[t] != nil {
		return
	}
	if t.kind != scan.Object {
		c.where[t] = r
		return
	}
	if s := t.get("$schema"); s != nil && s.kind == scan.String && (root || hasID(t, r.dialect.draft)) {
		d, ok := c.dialectFor(s)
		switch {
		case ok && root:
			r.dialect = d
		case ok:
			r = c.newResource(t, r.uri, d)
		default:
			c.fail(s, "%s is no draft that can be compiled: use draft-04, -06, -07, 2019-09, 2020-12 or Iglu's self-describing schema", s.text)
		}
	}
	draft := r.dialect.draft
	beside := draft <= Draft7 && t.get("$ref") != nil // $ref hides its siblings
	if id := t.get(draft.idKeyword()); id != nil && id.kind == scan.String && !beside {
		r = c.identify(t, id, r)
	}
	c.where[t] = r
	if root && c.resources[r.uri.String()] == nil {
		c.claim(r.uri.String(), r)
	}
	if draft >= Draft2019 {
		if a := t.get("$anchor"); a != nil {
			c.anchor(r.anchors, a, t)
		}
		if a := t.get("$dynamicAnchor"); a != nil && draft >= Draft2020 {
			c.anchor(r.anchors, a, t)
			r.dynamic[a.text] = t
		}
		if t == r.root && t.get("$recursiveAnchor").isTrue() {
			r.recursive = true
		}
	}
	subschemas(t, draft, func(s *tree) { c.discover(s, r, false) })
}

func hasID(t *tree, d Draft) bool { return t.get(d.idKeyword()) != nil }

// identify handles an $id: a URI for t, or in drafts up to 7 an anchor.
func (c *compiler) identify(t, id *tree, r *resource) *resource {
	ref, err := url.Parse(id.text)
	if err != nil {
		c.fail(id, "not a URI reference: %v", err)
		return r
	}
	if ref.Fragment != "" {
		if r.dialect.draft <= Draft7 {
			if strings.HasPrefix(id.text, "#") {
				name := *id
				name.text = ref.Fragment
				c.anchor(r.anchors, &name, t)
				return r
			}
		} else {
			c.fail(id, "must not have a fragment; use $anchor")
			return r
		}
	}
	ref.Fragment = ""
	uri := r.uri.ResolveReference(ref)
	if t != r.root {
		r = c.newResource(t, uri, r.dialect)
	}
	r.uri = uri
	c.claim(uri.String(), r)
	return r
}

func (c *compiler) anchor(anchors map[string]*tree, name, t *tree) {
	if other := anchors[name.text]; other != nil && other != t {
		c.fail(name, "the anchor %q is already at %s", name.text, other.pointer())
		return
	}
	anchors[name.text] = t
}

// resolve finds the schema that a reference from t leads to. It records a
// fault, or returns nil without one if the policy accepts unknown documents.
func (c *compiler) resolve(t, ref *tree, base *resource) (*tree, *resource) {
	u, err := url.Parse(ref.text)
	if err != nil {
		c.fail(ref, "not a URI reference: %v", err)
		return nil, nil
	}
	u = base.uri.ResolveReference(u)
	fragment := u.Fragment
	u.Fragment, u.RawFragment = "", ""
	r := base
	if u.String() != base.uri.String() {
		if r = c.document(u.String()); r == nil {
			if c.opt.Remote == RemoteStrict {
				c.fail(ref, "refers to %s, which is not among the schemas; add it, or accept remote references as Snowplow does", u)
			}
			return nil, nil
		}
	}
	target := r.root
	switch {
	case fragment == "":
	case fragment[0] == '/':
		target = r.root.at(fragment)
	default:
		target = r.anchors[fragment]
	}
	if target == nil {
		c.fail(ref, "there is nothing at #%s in %s", fragment, u)
		return nil, nil
	}
	if c.where[target] == nil { // below a keyword that holds no schemas
		owner := target.parent
		for c.where[owner] == nil {
			owner = owner.parent
		}
		c.discover(target, c.where[owner], false)
	}
	return target, c.where[target]
}

// document returns the resource of that URI, loading it if need be.
func (c *compiler) document(uri string) *resource {
	if r := c.resources[uri]; r != nil {
		return r
	}
	if d := c.pending[uri]; d != nil {
		c.register(d)
		return c.resources[uri]
	}
	if _, path, ok := strings.Cut(uri, "://iglucentral.com/schemas/"); ok {
		return c.document("iglu:" + path)
	}
	b, ok := metaschemaFile(uri)
	if !ok && c.opt.Load != nil {
		b, ok = c.opt.Load(uri)
	}
	if !ok {
		return nil
	}
	d := &document{Source: Source{Key: uri, Path: uri, JSON: b}}
	if d.root = c.parse(d); d.root == nil {
		return nil
	}
	c.trees[d.root] = d
	c.register(d)
	return c.resources[uri]
}

// subschemas calls f with the schemas directly below t.
func subschemas(t *tree, d Draft, f func(*tree)) {
	one := func(v *tree) {
		if v.kind == scan.Object || v.kind == scan.True || v.kind == scan.False {
			f(v)
		}
	}
	many := func(v *tree) {
		for _, s := range v.children {
			one(s)
		}
	}
	for i, name := range t.names {
		v := t.children[i]
		switch name {
		case "properties", "patternProperties", "definitions", "dependencies":
			if v.kind == scan.Object {
				many(v)
			}
		case "$defs", "dependentSchemas":
			if d >= Draft2019 && v.kind == scan.Object {
				many(v)
			}
		case "allOf", "anyOf", "oneOf":
			if v.kind == scan.Array {
				many(v)
			}
		case "prefixItems":
			if d >= Draft2020 && v.kind == scan.Array {
				many(v)
			}
		case "items":
			if v.kind == scan.Array {
				many(v)
			} else {
				one(v)
			}
		case "additionalProperties", "additionalItems", "not":
			one(v)
		case "contains", "propertyNames":
			if d >= Draft6 {
				one(v)
			}
		case "if", "then", "else":
			if d >= Draft7 {
				one(v)
			}
		case "unevaluatedProperties", "unevaluatedItems", "contentSchema":
			if d >= Draft2019 {
				one(v)
			}
		}
	}
}
