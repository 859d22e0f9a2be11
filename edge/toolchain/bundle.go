package main

import (
	"fmt"
	"os"
	"path/filepath"

	"weir/schemas/compile"
	"weir/schemas/registry"
)

// compileBundle compiles every schema below schemas/ into one bundle.
func compileBundle(root string) ([]byte, error) {
	sources, err := registry.Folder(os.DirFS(filepath.Join(root, "schemas")))
	if err != nil {
		return nil, fmt.Errorf("reading schemas: %w", err)
	}
	bundle, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		return nil, fmt.Errorf("compiling schemas: %w", err)
	}
	return bundle, nil
}
