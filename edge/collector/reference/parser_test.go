package reference_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"weir/edge/collector"
	"weir/edge/collector/reference"
)

// walk calls accepted with settings in which every member of a declaration has
// each of its values, and refused with what is just outside of it. enclose makes
// settings of a value of v.
type walk struct {
	// accepted gets the member's default besides, empty for none.
	accepted func(path, settings, fallback string)
	// refused learns whether the JSON Schema knows, too, that this is wrong.
	refused func(path, settings string, schemaKnows bool)
}

func (w walk) value(path string, v reference.Value, enclose func(string) string) {
	for _, kind := range []string{`"none such"`, `4.5`, `true`, `{}`, `[]`, `null`} {
		if typeOf(kind) != v.Type {
			w.refused(path, enclose(kind), true)
		}
	}
	for _, wrong := range v.Wrong {
		w.refused(path, enclose(wrong), v.Choices != nil && !v.AnyCase)
	}
	switch {
	case v.Type == reference.Array:
		item := sample(*v.Each)
		w.accepted(path, enclose("["+item+"]"), "")
		w.value(path+"[]", *v.Each, func(s string) string { return enclose("[" + s + "]") })
	case v.Type == reference.Integer:
		for _, n := range []int{v.Least, v.Most} {
			w.accepted(path, enclose(strconv.Itoa(n)), "")
		}
		for _, n := range []int{v.Least - 1, v.Most + 1} {
			w.refused(path, enclose(strconv.Itoa(n)), true)
		}
	case v.Type == reference.Boolean:
		w.accepted(path, enclose("true"), "")
		w.accepted(path, enclose("false"), "")
	case v.Choices != nil:
		for _, name := range v.Choices {
			w.accepted(path, enclose(`"`+name+`"`), "")
			if v.AnyCase {
				w.accepted(path, enclose(`"`+strings.ToUpper(name)+`"`), "")
			}
		}
	case v.Each != nil:
		w.accepted(path, enclose(sample(v)), "")
		w.value(path+".*", *v.Each, func(s string) string { return enclose(`{` + strconv.Quote(v.Sample) + `:` + s + `}`) })
	case v.Variants != nil:
		w.refused(path, enclose(`{`+strconv.Quote(v.By)+`:"none such"}`), true)
		w.refused(path, enclose(`{}`), true)
		for _, variant := range v.Variants {
			w.variant(path, v, variant, enclose)
		}
	case v.Type == reference.Object:
		if !v.Open {
			w.refused(path+".none_such", enclose(strings.TrimSuffix(sample(v), "}")+`,"none_such":1}`), true)
		}
		if len(v.AnyOf) > 0 {
			w.refused(path, enclose(`{}`), true)
		}
		w.members(path, v.Members, nil, enclose)
	default:
		w.accepted(path, enclose(v.Sample), "")
	}
}

func (w walk) variant(path string, v reference.Value, variant reference.Variant, enclose func(string) string) {
	members := append(append([]reference.Member{}, variant.Members...), v.Members...)
	head := []string{strconv.Quote(v.By) + `:"` + variant.Name + `"`}
	if variant.Needs {
		w.refused(path, enclose(object(head)), true)
		head = append(head, strconv.Quote(members[0].Name)+":"+sample(members[0].Value))
	}
	w.accepted(path+"("+variant.Name+")", enclose(object(head)), "")
	w.refused(path+"("+variant.Name+").none_such", enclose(object(append(head[:len(head):len(head)], `"none_such":1`))), true)
	w.members(path+"("+variant.Name+")", members, head, enclose)
	for _, other := range v.Variants {
		for _, m := range other.Members {
			if !has(members, m.Name) {
				w.refused(path+"("+variant.Name+")."+m.Name, enclose(object(append(head[:len(head):len(head)], strconv.Quote(m.Name)+":"+sample(m.Value)))), true)
			}
		}
	}
}

// members walks the members of an object that has the others that it needs, and those of head.
func (w walk) members(path string, members []reference.Member, head []string, enclose func(string) string) {
	required := func(but string) []string {
		parts := append([]string{}, head...)
		for _, m := range members {
			if m.Required && m.Name != but && !strings.Contains(but, strconv.Quote(m.Name)+":") {
				parts = append(parts, strconv.Quote(m.Name)+":"+sample(m.Value))
			}
		}
		return parts
	}
	for _, m := range members {
		if m.Required {
			w.refused(path, enclose(object(required(m.Name))), true)
		}
		parts := required(m.Name)
		if m.Beside != "" {
			parts = append(required(m.Name+m.Beside), m.Beside)
		}
		for i, part := range parts { // of head, which may have this one
			if strings.HasPrefix(part, strconv.Quote(m.Name)+":") {
				parts = append(parts[:i], parts[i+1:]...)
				break
			}
		}
		with := func(s string) string {
			return enclose(object(append(parts[:len(parts):len(parts)], strconv.Quote(m.Name)+":"+s)))
		}
		one := sample(m.Value)
		w.accepted(path+"."+m.Name, with(one), "")
		w.refused(path+"."+m.Name, with(one+","+strconv.Quote(m.Name)+":"+one), false)
		if m.Name != "personal" && m.Name != "why" { // for people: whatever stands there
			w.value(path+"."+m.Name, m.Value, with)
		}
		if m.Default != "" {
			w.accepted(path+"."+m.Name, with(m.Default), with(""))
		}
	}
}

func object(parts []string) string { return "{" + strings.Join(parts, ",") + "}" }

func has(members []reference.Member, name string) bool {
	for _, m := range members {
		if m.Name == name {
			return true
		}
	}
	return false
}

func typeOf(text string) reference.Type {
	switch text[0] {
	case '"':
		return reference.Text
	case '{':
		return reference.Object
	case '[':
		return reference.Array
	case 't':
		return reference.Boolean
	}
	return "other"
}

// sample returns one value as JSON, with what it needs and no more.
func sample(v reference.Value) string {
	switch {
	case v.Type == reference.Array:
		return "[" + sample(*v.Each) + "]"
	case v.Type == reference.Integer:
		return strconv.Itoa(v.Most)
	case v.Type == reference.Boolean:
		return "true"
	case v.Choices != nil:
		return strconv.Quote(v.Choices[0])
	case v.Each != nil:
		return "{" + strconv.Quote(v.Sample) + ":" + sample(*v.Each) + "}"
	case v.Variants != nil:
		return fmt.Sprintf("{%q:%q}", v.By, v.Variants[0].Name)
	case v.Type == reference.Object:
		var parts []string
		for _, m := range v.Members {
			if m.Required || len(v.AnyOf) > 0 && m.Name == v.AnyOf[0] {
				parts = append(parts, strconv.Quote(m.Name)+":"+sample(m.Value))
			}
		}
		return object(parts)
	}
	return v.Sample
}

// TestParserTakesWhatIsDeclared holds the parser, and the JSON Schema beside it,
// to the declaration: every value of every member is taken, what lies outside is
// not, and what is said to be the default changes nothing.
func TestParserTakesWhatIsDeclared(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(reference.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("settings.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("settings.json")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(settings string) error {
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(settings))
		if err != nil {
			t.Fatalf("%s: %v", settings, err)
		}
		return schema.Validate(instance)
	}
	accepted, refused, defaults := 0, 0, 0
	w := walk{
		accepted: func(path, settings, fallback string) {
			accepted++
			got, err := collector.ParseSettings([]byte(settings))
			if err != nil {
				t.Errorf("%s: the parser refuses %s: %v", path, settings, err)
			}
			if err := validate(settings); err != nil {
				t.Errorf("%s: the schema refuses %s: %v", path, settings, err)
			}
			if fallback == "" {
				return
			}
			defaults++
			// Without the member: what stands before it, and the braces that close.
			name := path[strings.LastIndexByte(path, '.')+1:]
			without, err := collector.ParseSettings([]byte(strings.NewReplacer(`,"`+name+`":}`, "}", `"`+name+`":}`, "}").Replace(fallback)))
			if err != nil || !reflect.DeepEqual(got, without) {
				t.Errorf("%s: is not its default: %s (%v)", path, settings, err)
			}
		},
		refused: func(path, settings string, schemaKnows bool) {
			refused++
			if _, err := collector.ParseSettings([]byte(settings)); err == nil {
				t.Errorf("%s: the parser takes %s", path, settings)
			}
			if !schemaKnows || !json.Valid([]byte(settings)) {
				return
			}
			if validate(settings) == nil {
				t.Errorf("%s: the schema takes %s", path, settings)
			}
		},
	}
	w.refused(".none_such", `{"none_such":1}`, true)
	w.members("", reference.Settings().Members, nil, func(s string) string { return s })
	if accepted < 100 || refused < 100 || defaults < 15 {
		t.Errorf("only %d accepted, %d refused, %d defaults", accepted, refused, defaults)
	}
}
