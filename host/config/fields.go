package config

import (
	"reflect"
	"strings"
)

// field is one key of a configuration struct.
type field struct {
	key      string
	doc      string
	fallback string   // the default as it would be written
	enum     []string // the only values allowed
	required bool
	typ      reflect.Type
	index    []int
}

// fieldsOf lists the keys of a struct in the order of its declaration. An
// embedded struct without a key of its own lends its keys.
func fieldsOf(t reflect.Type) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if (f.Anonymous && key == "" || options == "inline") && f.Type.Kind() == reflect.Struct {
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{i}, inner.index...)
				list = append(list, inner)
			}
			continue
		}
		if key == "" || key == "-" || !f.IsExported() {
			continue
		}
		one := field{key: key, doc: f.Tag.Get("doc"), fallback: f.Tag.Get("default"),
			required: f.Tag.Get("required") == "true", typ: f.Type, index: []int{i}}
		if enum := f.Tag.Get("enum"); enum != "" {
			one.enum = strings.Split(enum, ",")
		}
		list = append(list, one)
	}
	return list
}

// setDefaults sets what the default tags of a struct and of those within say.
func setDefaults(pointer any) { setDefaultsOf(valueOf(pointer)) }

func setDefaultsOf(v reflect.Value) {
	if v.Kind() != reflect.Struct || v.Type() == sinkType || isScalar(v.Type()) {
		return
	}
	for _, f := range fieldsOf(v.Type()) {
		value := v.FieldByIndex(f.index)
		if f.fallback != "" {
			if err := setScalar(value, f.fallback); err != nil {
				panic("config: default of " + f.key + ": " + err.Error())
			}
		}
		setDefaultsOf(value)
	}
}
