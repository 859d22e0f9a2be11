package config

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"weir/sinks"
)

// node is one JSON Schema, its members in the order in which they are printed.
type node struct {
	Schema      string   `json:"$schema,omitempty"`
	Title       string   `json:"title,omitempty"`
	Description string   `json:"description,omitempty"`
	Type        any      `json:"type,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Default     string   `json:"default,omitempty"`
	Properties  *members `json:"properties,omitempty"`
	Required    []string `json:"required,omitempty"`
	Additional  any      `json:"additionalProperties,omitempty"`
	Items       *node    `json:"items,omitempty"`
	AnyOf       []*node  `json:"anyOf,omitempty"`
}

// members keeps the order of declaration, which maps would lose.
type members struct {
	keys   []string
	values []*node
}

func (m *members) add(key string, n *node) {
	m.keys = append(m.keys, key)
	m.values = append(m.values, n)
}

// MarshalJSON writes the members as an object.
func (m *members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, key := range m.keys {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(m.values[i])
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// Schema returns the JSON Schema of the configuration (2020-12), with every
// kind of sink in the binary, for editors.
func Schema() []byte {
	root := schemaOf(reflect.TypeFor[Config]())
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Title = "weir host configuration"
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		panic(err) // strings and lists only
	}
	return b.Bytes()
}

func schemaOf(t reflect.Type) *node {
	if t == sinkType {
		return sinkSchema()
	}
	if isScalar(t) {
		return &node{Type: jsonType(t)}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return &node{Type: "array", Items: schemaOf(t.Elem())}
	case reflect.Map:
		return &node{Type: "object", Additional: schemaOf(t.Elem())}
	case reflect.Struct:
		n := &node{Type: "object", Properties: new(members), Additional: false}
		for _, f := range fieldsOf(t) {
			one := schemaOf(f.typ)
			one.Description, one.Default, one.Enum = f.doc, f.fallback, f.enum
			n.Properties.add(f.key, one)
			if f.required {
				n.Required = append(n.Required, f.key)
			}
		}
		return n
	}
	panic("config: no JSON Schema for " + t.String())
}

// jsonType names the JSON types that a scalar may be written as. A variable
// reference is text whatever its value will be.
func jsonType(t reflect.Type) any {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "string"
	case t == reflect.TypeFor[sinks.Size]():
		return []string{"integer", "string"}
	case reflect.PointerTo(t).Implements(textUnmarshaler):
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return []string{"boolean", "string"}
	case reflect.Float64:
		return []string{"number", "string"}
	}
	return []string{"integer", "string"}
}

func sinkSchema() *node {
	n := &node{Type: "object", Properties: new(members), Additional: false}
	n.Properties.add("name", &node{Type: "string", Description: sinkNameDoc})
	var names []string
	for _, k := range sinks.Kinds() {
		names = append(names, k.Name)
	}
	n.Properties.add("kind", &node{Type: "string", Description: sinkKindDoc, Enum: names})
	n.AnyOf = append(n.AnyOf, &node{Required: []string{"kind"}})
	for _, k := range sinks.Kinds() {
		one := sinkSettings(k)
		n.Properties.add(k.Name, one)
		n.AnyOf = append(n.AnyOf, &node{Required: []string{k.Name}})
	}
	return n
}

const (
	sinkNameDoc = "Unique name, for routes and metrics. The kind when not given."
	sinkKindDoc = "The kind, for a sink without settings. Otherwise its settings under the name of the kind say it."
)

// sinkSettings is the schema of one kind's settings. Their defaults are those
// that Kind.Config sets.
func sinkSettings(k sinks.Kind) *node {
	v := reflect.ValueOf(k.Config())
	n := schemaOf(v.Type())
	n.Type = []string{"object", "null"}
	n.Description = k.Doc
	if n.Properties == nil || v.Kind() != reflect.Pointer {
		return n
	}
	for i, f := range fieldsOf(v.Elem().Type()) {
		n.Properties.values[i].Default = written(v.Elem().FieldByIndex(f.index))
	}
	return n
}

// written returns a value as it would be written in the file, "" for none.
func written(v reflect.Value) string {
	if v.IsZero() || !isScalar(v.Type()) {
		return ""
	}
	if d, ok := v.Interface().(time.Duration); ok {
		return shortDuration(d)
	}
	return strings.TrimSpace(format(v))
}
