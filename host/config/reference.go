package config

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"time"

	"weir/sinks"
)

// Reference returns the page that describes every key, in Markdown.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString(referenceHead)
	writeKeys(&b, "", reflect.TypeFor[Config](), reflect.Value{})
	b.WriteString("\n## Sinks\n\nEach sink has one kind, and its settings stand under the name of the kind:\n\n" +
		"```yaml\nsinks:\n  - name: warehouse\n    postgres:\n      dsn: ${DATABASE_URL}\n```\n\n| key | meaning |\n|---|---|\n")
	fmt.Fprintf(&b, "| `name` | %s |\n| `kind` | %s |\n", sinkNameDoc, sinkKindDoc)
	for _, k := range sinks.Kinds() {
		fmt.Fprintf(&b, "\n### %s\n\n%s\n\n", k.Name, k.Doc)
		v := reflect.ValueOf(k.Config())
		if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct || len(fieldsOf(v.Elem().Type())) == 0 {
			b.WriteString("It has no settings.\n")
			continue
		}
		b.WriteString(tableHead)
		writeKeys(&b, "", v.Elem().Type(), v.Elem())
	}
	return b.Bytes()
}

const tableHead = "| key | default | meaning |\n|---|---|---|\n"

const referenceHead = `# Configuration of the host

Generated from host/config by ` + "`go generate ./host/config`" + `; do not edit.

One YAML file, given to ` + "`weir host --config`" + `. Every key is optional unless it says otherwise. An unknown key is an error
that names its line. ` + "`${NAME}`" + ` stands for an environment variable, ` + "`${NAME:-default}`" + ` for one that may be unset, ` + "`$${`" + ` for a
literal ` + "`${`" + `. Durations are written as ` + "`500ms`, `10s`, `5m`, `12h`, `14d`" + `; sizes as bytes or ` + "`64MiB`, `1GB`" + `.
` + "`weir config check FILE`" + ` names every fault of a file at once; schema.json beside this page serves editors.

## Keys

` + tableHead

// writeKeys writes one row for each scalar and list, and the rows of blocks
// below their keys. values, when valid, hold the defaults.
func writeKeys(b *bytes.Buffer, prefix string, t reflect.Type, values reflect.Value) {
	for _, f := range fieldsOf(t) {
		path := join(prefix, f.key)
		typ := f.typ
		for typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		var value reflect.Value
		if values.IsValid() && f.typ.Kind() != reflect.Pointer {
			value = values.FieldByIndex(f.index)
		}
		switch {
		case typ.Kind() == reflect.Struct && !isScalar(typ):
			writeRow(b, path, "", f.doc, false)
			writeKeys(b, path, typ, value)
		case typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct && typ.Elem() != sinkType && !isScalar(typ.Elem()):
			writeRow(b, path+"[]", "", f.doc, false)
			writeKeys(b, path+"[]", typ.Elem(), reflect.Value{})
		case typ.Kind() == reflect.Slice:
			writeRow(b, path+"[]", "", f.doc, f.required)
		default:
			fallback := f.fallback
			if value.IsValid() {
				fallback = written(value)
			}
			writeRow(b, path, fallback, f.doc, f.required)
		}
	}
}

func writeRow(b *bytes.Buffer, path, fallback, doc string, required bool) {
	switch {
	case required:
		fallback = "required"
	case fallback != "":
		fallback = "`" + fallback + "`"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s |\n", path, fallback, strings.ReplaceAll(doc, "|", `\|`))
}

// format returns a scalar's text form.
func format(v reflect.Value) string { return fmt.Sprint(v.Interface()) }

// shortDuration writes 5m as 5m and not as 5m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
