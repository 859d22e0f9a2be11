package compile

import (
	"fmt"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

// Schema compiles one schema into a program, for callers that need no bundle.
// Errors are those of [Bundle]; without a path in the source they name "schema".
func Schema(schema []byte, opt Options) (validate.Program, error) {
	const key = "urn:schema"
	set, err := Set([]Source{{Key: key, Path: "schema", JSON: schema}}, opt)
	if err != nil {
		return validate.Program{}, err
	}
	p, _ := set.Lookup([]byte(key))
	return p, nil
}

// Set compiles the sources into a set of programs, which [validate.Set.Lookup]
// finds by key and by $id. Errors are those of [Bundle].
func Set(sources []Source, opt Options) (*validate.Set, error) {
	compiled, err := Bundle(sources, opt)
	if err != nil {
		return nil, err
	}
	b, err := bundle.Open(compiled)
	if err != nil {
		return nil, fmt.Errorf("compiling schemas: the result does not open: %w", err)
	}
	return validate.NewSet(b), nil
}
