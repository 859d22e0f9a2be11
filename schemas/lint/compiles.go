package lint

import (
	"errors"
	"fmt"
	"slices"

	"weir/schemas/compile"
)

// compileClean compiles the schemas in which no rule found an error: what lint
// passes, compiles.
func compileClean(documents []*document) error {
	byFile := map[string]*document{}
	var sources []compile.Source
	for _, d := range documents {
		if !slices.ContainsFunc(d.findings, func(f Finding) bool { return f.Severity == Error }) {
			byFile[d.file] = d
			sources = append(sources, compile.Source{Key: "iglu:" + d.file, Path: d.file, JSON: d.text})
		}
	}
	_, err := compile.Bundle(sources, compile.Options{})
	for _, err := range unjoin(err) {
		var fault *compile.Error
		if !errors.As(err, &fault) || byFile[fault.Path] == nil {
			return fmt.Errorf("compiling schemas: %w", err)
		}
		d := byFile[fault.Path]
		d.findings = append(d.findings, Finding{
			File: d.file, Line: fault.Line, Column: fault.Column, Pointer: fault.Pointer,
			Severity: Error, Rule: "compile", Message: fault.Message,
		})
	}
	return nil
}

// unjoin is the opposite of [errors.Join].
func unjoin(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
