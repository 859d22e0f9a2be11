package compile

import (
	"embed"
	"strings"

	"weir/schemas/scan"
)

// Draft is a version of JSON Schema.
type Draft uint16

const (
	Draft4    Draft = 4
	Draft6    Draft = 6
	Draft7    Draft = 7
	Draft2019 Draft = 2019 // 2019-09
	Draft2020 Draft = 2020 // 2020-12
)

// String returns the name in the form of "draft-07" or "2020-12".
func (d Draft) String() string {
	switch d {
	case Draft4:
		return "draft-04"
	case Draft6:
		return "draft-06"
	case Draft7:
		return "draft-07"
	case Draft2019:
		return "2019-09"
	case Draft2020:
		return "2020-12"
	}
	return "no draft"
}

// metaschema is the URI of the draft's metaschema, without fragment.
func (d Draft) metaschema() string {
	switch d {
	case Draft4, Draft6, Draft7:
		return "http://json-schema.org/" + d.String() + "/schema"
	}
	return "https://json-schema.org/draft/" + d.String() + "/schema"
}

// idKeyword is the keyword that gives a schema its URI.
func (d Draft) idKeyword() string {
	if d == Draft4 {
		return "id"
	}
	return "$id"
}

// dialect is a draft with the vocabularies that a metaschema asks for.
type dialect struct {
	draft      Draft
	validation bool // type, enum, bounds, lengths, …
	applicator bool
	format     bool // format-assertion
}

func dialectOf(d Draft) dialect { return dialect{draft: d, validation: true, applicator: true} }

// igluMeta is the $schema of self-describing schemas, less scheme and fragment.
const igluMeta = "iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-"

// The metaschemas as their specifications publish them.
//
//go:embed metaschemas/draft*
var metaschemas embed.FS

// metaschemaFile returns the metaschema known by the URI (without fragment).
func metaschemaFile(uri string) ([]byte, bool) {
	path, ok := strings.CutPrefix(uri, "http://json-schema.org/")
	if !ok {
		if path, ok = strings.CutPrefix(uri, "https://json-schema.org/"); !ok {
			return nil, false
		}
	}
	b, err := metaschemas.ReadFile("metaschemas/" + path)
	return b, err == nil
}

// dialectFor finds the dialect that a $schema asks for.
func (c *compiler) dialectFor(schema *tree) (dialect, bool) {
	uri := strings.TrimSuffix(schema.text, "#")
	if strings.Contains(uri, igluMeta) {
		return dialectOf(Draft4), true
	}
	for _, d := range [...]Draft{Draft4, Draft6, Draft7, Draft2019, Draft2020} {
		if uri == d.metaschema() {
			return dialectOf(d), true
		}
	}
	if uri == "http://json-schema.org/schema" || uri == "https://json-schema.org/schema" {
		return dialectOf(Draft2020), true
	}
	r := c.document(uri)
	if r == nil || r.root.get("$schema") == nil || r.root.get("$schema") == schema {
		return dialect{}, false
	}
	base, ok := c.dialectFor(r.root.get("$schema"))
	if !ok {
		return dialect{}, false
	}
	if v := r.root.get("$vocabulary"); v != nil && v.kind == scan.Object && base.draft >= Draft2019 {
		base.validation, base.applicator = false, false
		for i, name := range v.names {
			switch name[strings.LastIndexByte(name, '/')+1:] {
			case "validation":
				base.validation = true
			case "applicator":
				base.applicator = true
			case "format-assertion":
				base.format = true
			case "format":
				base.format = v.children[i].isTrue()
			}
		}
	}
	return base, true
}
