package reference

import (
	"bytes"
	"fmt"
	"strings"

	"weir/edge/envelope"
)

// Page returns the page that describes every member, in Markdown.
func Page() []byte {
	var b bytes.Buffer
	b.WriteString(pageHead)
	settings := Settings()
	writeMembers(&b, "", settings.Members)
	b.WriteString("\n## Privacy\n\nThe policy, member `privacy` of the settings. [edge](../README.md#privacy) says what holds without one, and how it fails closed.\n\n" + tableHead)
	policy := Privacy()
	writeMembers(&b, "privacy.", policy.Members)
	writeActions(&b, Action())
	writeColumns(&b)
	return b.Bytes()
}

const pageHead = `# Settings of the collector

Generated from edge/collector/reference by ` + "`go generate ./edge/collector/reference`" + `; do not edit.

One JSON object: ` + "`weir edge --settings`" + `, ` + "`WEIR_SETTINGS`" + ` of the Worker. Every member is optional unless it says otherwise. An unknown or
repeated member is an error that names it. settings.schema.json beside this page serves editors, and
` + "`weir privacy audit --settings`" + ` says what becomes of every field.

## Settings

` + tableHead

const tableHead = "| member | values | default | meaning |\n|---|---|---|---|\n"

func writeMembers(b *bytes.Buffer, prefix string, members []Member) {
	for _, m := range members {
		path, v := prefix+m.Name, m.Value
		for v.Type == Array {
			path += "[]"
			v = *v.Each
		}
		if v.Each != nil {
			path += ".*"
		}
		writeRow(b, path, &m)
		if path != "privacy" && v.Members != nil && v.By == "" {
			writeMembers(b, path+".", v.Members)
		}
	}
}

func writeRow(b *bytes.Buffer, path string, m *Member) {
	fallback := ""
	switch {
	case m.Required:
		fallback = "required"
	case m.Default != "":
		fallback = "`" + m.Default + "`"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", path, values(m.Value), fallback, strings.ReplaceAll(m.Doc, "|", `\|`))
}

// values says in a few words what a member may hold.
func values(v Value) string {
	switch {
	case v.Type == Array:
		return "list of " + values(*v.Each)
	case v.Choices != nil:
		return "`" + strings.Join(v.Choices, "`, `") + "`"
	case v.Type == Integer:
		return fmt.Sprintf("%d to %d", v.Least, v.Most)
	case v.Type == Boolean:
		return "`true`, `false`"
	case v.Type == Text:
		return "text"
	}
	return "object"
}

func writeActions(b *bytes.Buffer, action Value) {
	b.WriteString("\n## Actions\n\nThe strictest first. What an action cannot be applied to is dropped: an address that is none, a date that is none. " +
		"A column that holds a time can be dropped or truncated to a `unit`, one that holds a number with decimals to `decimals`; others that are no text can only be dropped. `personal` and `why` may stand beside every action.\n\n| action | option | values | meaning |\n|---|---|---|---|\n")
	for _, v := range action.Variants {
		doc := v.Doc
		if v.Needs {
			doc += " Needs an option."
		}
		fmt.Fprintf(b, "| `%s` | | | %s |\n", v.Name, doc)
		for _, m := range v.Members {
			fmt.Fprintf(b, "| | `%s` | %s | %s |\n", m.Name, values(m.Value), m.Doc)
		}
	}
}

func writeColumns(b *bytes.Buffer) {
	b.WriteString("\n## Columns\n\nWhat `fields` of a rule without `schemas` may name, by the form of the value:\n\n")
	for _, kind := range []struct {
		of   envelope.Kind
		name string
	}{{envelope.Text, "Text"}, {envelope.Timestamp, "Time"}, {envelope.Integer, "Whole number"}, {envelope.Decimal, "Number"}, {envelope.Boolean, "True or false"}} {
		var names []string
		for f := range envelope.Field(envelope.NumFields) {
			if f.Kind() == kind.of {
				names = append(names, "`"+f.Name()+"`")
			}
		}
		fmt.Fprintf(b, "- %s: %s.\n", kind.name, strings.Join(names, ", "))
	}
}
