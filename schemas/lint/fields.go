package lint

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// Field is a place in the data that a schema describes.
type Field struct {
	Schema string   // its key, "iglu:com.acme/order/jsonschema/1-0-0"
	Path   []string // names of members, "*" for every item, or member of any name
	File   string
	Line   int // from 1
	Column int // from 1, in bytes
	// Annotations are the x-weir-privacy of the field, as JSON, and before it
	// those of what it stands in: one for each part of Path and one for the
	// document; "" for none.
	Annotations []string
	Marked      string // as personal data of this kind, by its annotation; "" if it is not
	Looks       bool   // personal, by its name or its format, and nobody said anything
	Leaf        bool   // nothing is described within it
}

// Fields lists what the schemas below root describe, in the order of the files
// and of what stands in them. A file that is no schema is an error that names it.
func Fields(root fs.FS) ([]Field, error) {
	files, err := find(root)
	if err != nil {
		return nil, err
	}
	var list []Field
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, fmt.Errorf("reading schema: %w", err)
		}
		tree, fault := parse(text)
		if fault != nil {
			line, column := position(text, fault.node.offset)
			return nil, fmt.Errorf("%s:%d:%d: %s", file, line, column, fault.message)
		}
		f := fields{file: file, text: text, root: tree}
		f.schema(tree, nil, nil)
		list = append(list, f.list...)
	}
	return list, nil
}

// fields collects the fields of one schema.
type fields struct {
	file string
	text []byte
	root *node
	refs []*node // that are being followed
	list []Field
}

// schema collects what a schema says of the value at path. above are the
// annotations of what the value stands in.
func (f *fields) schema(s *node, path, above []string) {
	if s.kind != object {
		return
	}
	annotation, _ := f.annotation(s)
	f.within(s, path, append(slices.Clone(above), annotation))
}

// within collects the fields that a schema describes within the value at path.
func (f *fields) within(s *node, path, annotations []string) {
	if target := f.target(s); target != nil {
		f.refs = append(f.refs, target)
		f.within(target, path, annotations)
		f.refs = f.refs[:len(f.refs)-1]
	}
	for _, m := range s.members {
		switch m.name {
		case "properties":
			for _, p := range m.value.members {
				f.field(p.value, p.name, path, annotations)
			}
		case "patternProperties":
			for _, p := range m.value.members {
				f.field(p.value, "*", path, annotations)
			}
		case "additionalProperties", "unevaluatedProperties", "additionalItems", "contains", "items", "prefixItems":
			for _, item := range append([]*node{m.value}, m.value.items...) {
				if item.kind == object {
					f.field(item, "*", path, annotations)
				}
			}
		case "allOf", "anyOf", "oneOf":
			for _, branch := range m.value.items {
				f.within(branch, path, annotations)
			}
		case "if", "then", "else":
			f.within(m.value, path, annotations)
		}
	}
}

func (f *fields) field(s *node, name string, path, above []string) {
	path = append(slices.Clone(path), name)
	before := len(f.list)
	one := Field{Schema: "iglu:" + f.file, Path: path, File: f.file}
	one.Line, one.Column = position(f.text, s.offset)
	f.list = append(f.list, one)
	f.schema(s, path, above)
	annotation, marked := f.annotation(s)
	f.list[before].Marked = marked
	f.list[before].Annotations = append(slices.Clone(above), annotation)
	f.list[before].Leaf = len(f.list) == before+1
	f.list[before].Looks = annotation == "" && f.list[before].Leaf && name != "*" && looksNaked(member{name: name, value: s})
}

// annotation is the x-weir-privacy of a schema, or of what it refers to, and how
// that marks the value.
func (f *fields) annotation(s *node) (text, marked string) {
	for range maxDepth { // references may go in circles
		if a := s.get(privacyKeyword); a != nil {
			return string(f.text[a.offset:a.end]), a.str("personal")
		}
		if s = f.target(s); s == nil {
			break
		}
	}
	return "", ""
}

// target is the schema in the same file that s refers to; nil if it refers to
// none, or to one that is being read.
func (f *fields) target(s *node) *node {
	pointer, ok := strings.CutPrefix(s.str("$ref"), "#")
	if !ok {
		return nil
	}
	at := f.root
	for _, step := range strings.Split(pointer, "/")[1:] {
		if at = at.get(strings.NewReplacer("~1", "/", "~0", "~").Replace(step)); at == nil {
			return nil
		}
	}
	if pointer != "" && slices.Contains(f.refs, at) || at == f.root {
		return nil
	}
	return at
}
