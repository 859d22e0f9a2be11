package reference

import (
	"bytes"
	"encoding/json"
)

// node is one JSON Schema, its members in the order in which they are printed.
type node struct {
	Schema      string          `json:"$schema,omitempty"`
	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Type        Type            `json:"type,omitempty"`
	Const       string          `json:"const,omitempty"`
	Enum        []string        `json:"enum,omitempty"`
	Minimum     *int            `json:"minimum,omitempty"`
	Maximum     *int            `json:"maximum,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`
	Properties  properties      `json:"properties,omitempty"`
	Required    []string        `json:"required,omitempty"`
	Additional  any             `json:"additionalProperties,omitempty"`
	Items       *node           `json:"items,omitempty"`
	AnyOf       []*node         `json:"anyOf,omitempty"`
	OneOf       []*node         `json:"oneOf,omitempty"`
}

// properties keeps the order of declaration, which a map would lose.
type properties []property

type property struct {
	name string
	node *node
}

// MarshalJSON writes the properties as an object.
func (p properties) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, one := range p {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.node)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), value...)
	}
	return append(b, '}'), nil
}

// Schema returns the JSON Schema of the settings (2020-12), for editors. It says
// which members there are and what type, choice or range each has; that a name
// is one of a cookie, or a path one that an adapter reads, the parser says.
func Schema() []byte {
	root := schemaOf(Settings())
	root.Schema, root.Title = "https://json-schema.org/draft/2020-12/schema", "weir collector settings"
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(err) // strings and numbers only
	}
	return b.Bytes()
}

func schemaOf(v Value) *node {
	switch {
	case v.Type == Array:
		return &node{Type: Array, Items: schemaOf(*v.Each)}
	case v.Each != nil:
		return &node{Type: Object, Additional: schemaOf(*v.Each)}
	case v.Variants != nil:
		n := &node{}
		for _, variant := range v.Variants {
			n.OneOf = append(n.OneOf, variantOf(&v, &variant))
		}
		return n
	case v.Type == Object:
		n := &node{Type: Object, Additional: false}
		if v.Open {
			n.Additional = nil
		}
		for _, name := range v.AnyOf {
			n.AnyOf = append(n.AnyOf, &node{Required: []string{name}})
		}
		n.add(v.Members)
		return n
	case v.Type == Integer:
		return &node{Type: Integer, Minimum: &v.Least, Maximum: &v.Most}
	case v.AnyCase:
		return &node{Type: Text} // editors offer no more than the parser takes
	}
	return &node{Type: v.Type, Enum: v.Choices}
}

func variantOf(v *Value, variant *Variant) *node {
	n := &node{Type: Object, Description: variant.Doc, Additional: false, Required: []string{v.By}}
	n.Properties = properties{{v.By, &node{Const: variant.Name}}}
	n.add(variant.Members)
	n.add(v.Members)
	if variant.Needs {
		for _, m := range variant.Members {
			n.AnyOf = append(n.AnyOf, &node{Required: []string{m.Name}})
		}
	}
	return n
}

func (n *node) add(members []Member) {
	for _, m := range members {
		one := schemaOf(m.Value)
		one.Description, one.Default = m.Doc, json.RawMessage(m.Default)
		n.Properties = append(n.Properties, property{m.Name, one})
		if m.Required {
			n.Required = append(n.Required, m.Name)
		}
	}
}
