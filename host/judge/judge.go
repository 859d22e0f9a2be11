// Package judge gives events a verdict that the edge could not judge for want
// of a schema. It looks schemas up in the host's folders; what is not there
// either makes a failed event that says so.
package judge

import (
	"bytes"
	"fmt"
	"os"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
	"weir/schemas/validate"
)

// KeywordUnknown is the keyword of the violation of an event whose schema no
// registry of the host holds.
const KeywordUnknown = "unknownSchema"

// Judge holds the host's schemas. It is safe for concurrent use.
type Judge struct{ set *validate.Set }

// New compiles the schemas of all folders. Without folders every schema is
// unknown. Errors name the file at fault.
func New(folders []string) (*Judge, error) {
	var sources []compile.Source
	for _, dir := range folders {
		if info, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("reading schemas: %w", err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("reading schemas: %s is not a folder", dir)
		}
		found, err := registry.Folder(os.DirFS(dir))
		if err != nil {
			return nil, fmt.Errorf("reading schemas in %s: %w", dir, err)
		}
		sources = append(sources, found...)
	}
	if len(sources) == 0 {
		return &Judge{}, nil
	}
	text, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		return nil, fmt.Errorf("compiling schemas: %w", err)
	}
	b, err := bundle.Open(text)
	if err != nil {
		return nil, fmt.Errorf("opening compiled schemas: %w", err)
	}
	return &Judge{set: validate.NewSet(b)}, nil
}

// violation is a rule that an event broke, as envelopes spell it.
type violation struct {
	Schema  string `json:"schema"`
	Path    string `json:"path"` // RFC 6901 pointer into the envelope
	Keyword string `json:"keyword"`
	Message string `json:"message"`
}

// check judges one self-describing payload that stands at path in the envelope.
func (j *Judge) check(dst []violation, schema string, data []byte, path string) []violation {
	var p validate.Program
	known := false
	if j.set != nil {
		p, known = j.set.Lookup([]byte(schema))
	}
	if !known {
		return append(dst, violation{schema, path + "/schema", KeywordUnknown,
			"neither the edge nor the host holds this schema: add it to a folder listed under schemas"})
	}
	for _, v := range p.Validate(nil, bytes.TrimSpace(data)) {
		dst = append(dst, violation{
			Schema:  schema,
			Path:    string(v.AppendPath([]byte(path + "/data"))),
			Keyword: v.Keyword(),
			Message: string(v.AppendMessage(nil)),
		})
	}
	return dst
}
