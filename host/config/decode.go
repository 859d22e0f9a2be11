package config

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"weir/sinks"
)

// decoder fills structs from YAML nodes and collects every fault on the way.
type decoder struct {
	env      func(string) (string, bool)
	problems []Problem
	lines    map[string]int // by path
}

func valueOf(pointer any) reflect.Value { return reflect.ValueOf(pointer).Elem() }

func (d *decoder) problem(n *yaml.Node, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: n.Line, Path: path, Reason: fmt.Sprintf(format, args...)})
}

// reported tells whether a fault at path or within it was found while decoding.
func (d *decoder) reported(path string) bool {
	for _, p := range d.problems {
		if path != "" && strings.HasPrefix(p.Path, path) {
			return true
		}
	}
	return false
}

// line returns the line of path, or of the nearest part of it that is in the file.
func (d *decoder) line(path string) int {
	for path != "" {
		if n, ok := d.lines[path]; ok {
			return n
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

var sinkType = reflect.TypeFor[Sink]()

func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if _, ok := d.lines[path]; !ok {
		d.lines[path] = n.Line
	}
	if n.Tag == "!!null" {
		return // "key:" with nothing after it leaves the default
	}
	switch {
	case v.Type() == sinkType:
		d.decodeSink(n, v.Addr().Interface().(*Sink), path)
	case isScalar(v.Type()):
		d.decodeScalar(n, v, path)
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.decode(n, v.Elem(), path)
	case v.Kind() == reflect.Struct:
		d.decodeStruct(n, v, path)
	case v.Kind() == reflect.Slice:
		d.decodeSlice(n, v, path)
	case v.Kind() == reflect.Map:
		d.decodeMap(n, v, path)
	default:
		panic("config: " + path + " has type " + v.Type().String() + ", which configuration cannot hold")
	}
}

func (d *decoder) decodeStruct(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a block of keys, not %s", describe(n))
		return
	}
	fields := fieldsOf(v.Type())
	d.eachMember(n, path, func(key, value *yaml.Node) {
		for _, f := range fields {
			if f.key == key.Value {
				d.decode(value, v.FieldByIndex(f.index), join(path, f.key))
				return
			}
		}
		names := make([]string, len(fields))
		for i, f := range fields {
			names[i] = f.key
		}
		d.problem(key, join(path, key.Value), "%s", unknown("key", key.Value, names))
	})
}

// decodeSink reads {name: …, <kind>: {…}}. The kind can also be named alone,
// {kind: stdout}.
func (d *decoder) decodeSink(n *yaml.Node, s *Sink, path string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a block such as {name: out, stdout: {}}, not %s", describe(n))
		return
	}
	var names []string
	for _, k := range sinks.Kinds() {
		names = append(names, k.Name)
	}
	var settings *yaml.Node
	d.eachMember(n, path, func(key, value *yaml.Node) {
		switch key.Value {
		case "name":
			d.decode(value, valueOf(&s.Name), join(path, "name"))
			return
		case "kind":
			var kind string
			d.decode(value, valueOf(&kind), join(path, "kind"))
			if _, ok := sinks.Lookup(kind); !ok {
				d.problem(value, join(path, "kind"), "%s", unknown("kind of sink", kind, names))
			} else if s.Kind != "" && s.Kind != kind {
				d.problem(value, join(path, "kind"), "is %s but the settings are those of %s", kind, s.Kind)
			} else {
				s.Kind = kind
			}
			return
		}
		if _, ok := sinks.Lookup(key.Value); !ok {
			d.problem(key, join(path, key.Value), "%s", unknown("kind of sink", key.Value, names))
			return
		}
		if s.Kind != "" && s.Kind != key.Value {
			d.problem(key, join(path, key.Value), "a sink has one kind, and this one is already %s", s.Kind)
			return
		}
		s.Kind, settings = key.Value, value
	})
	if kind, ok := sinks.Lookup(s.Kind); ok {
		s.Config = kind.Config()
		if settings != nil {
			d.decode(settings, valueOf(s.Config), join(path, s.Kind))
		}
	}
}

// eachMember calls f for every member of a mapping and reports repeated keys.
func (d *decoder) eachMember(n *yaml.Node, path string, f func(key, value *yaml.Node)) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if seen[key.Value] {
			d.problem(key, join(path, key.Value), "given twice")
			continue
		}
		seen[key.Value] = true
		d.lines[join(path, key.Value)] = key.Line
		f(key, value)
	}
}

func (d *decoder) decodeSlice(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.problem(n, path, "must be a list, not %s", describe(n))
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		setDefaultsOf(list.Index(i))
		d.decode(item, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	v.Set(list)
}

func (d *decoder) decodeMap(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a block of keys, not %s", describe(n))
		return
	}
	m := reflect.MakeMap(v.Type())
	d.eachMember(n, path, func(key, value *yaml.Node) {
		item := reflect.New(v.Type().Elem()).Elem()
		setDefaultsOf(item)
		d.decode(value, item, join(path, key.Value))
		m.SetMapIndex(reflect.ValueOf(key.Value).Convert(v.Type().Key()), item)
	})
	v.Set(m)
}

func (d *decoder) decodeScalar(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.ScalarNode {
		d.problem(n, path, "must be %s, not %s", expected(v.Type()), describe(n))
		return
	}
	text, missing := interpolate(n.Value, d.env)
	if len(missing) > 0 {
		d.problem(n, path, "the environment variable %s is not set; set it or write ${%s:-default}", missing[0], missing[0])
		return
	}
	if err := setScalar(v, text); err != nil {
		d.problem(n, path, "%s", err)
	}
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textUnmarshaler) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float64:
		return true
	}
	return false
}

// setScalar sets v from its text form. Errors say what would be right.
func setScalar(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		dur, err := ParseDuration(text)
		v.SetInt(int64(dur))
		return err
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch text {
		case "true", "false":
			v.SetBool(text == "true")
		default:
			err = strconv.ErrSyntax
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		var i int64
		i, err = strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(i)
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		var u uint64
		u, err = strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(u)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v.SetFloat(f)
	}
	if err != nil {
		return fmt.Errorf("must be %s, not %q", expected(v.Type()), text)
	}
	return nil
}

// ParseDuration reads what time.ParseDuration reads, and whole days as "14d".
func ParseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	dur, err := time.ParseDuration(text)
	if err != nil || dur < 0 {
		return 0, fmt.Errorf("must be a duration such as 500ms, 10s, 5m, 12h or 14d, not %q", text)
	}
	return dur, nil
}

func expected(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return "a duration such as 10s"
	case t == reflect.TypeFor[sinks.Size]():
		return "a size such as 64MiB"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

// describe names the sort of a value that stands in the wrong place. The value
// itself may be a secret.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a block of keys"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	}
	return "text"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
