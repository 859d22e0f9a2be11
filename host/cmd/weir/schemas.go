package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"weir/schemas/compile"
	"weir/schemas/registry"
)

func schemasCommand() *cobra.Command {
	return group("schemas", "Check, compile and look at schemas in a folder of Iglu layout",
		schemasLintCommand(), schemasTestCommand(), schemasCompileCommand(), schemasValidateCommand(),
		schemasDiffCommand(), schemasDumpCommand(), schemasListCommand(), schemasShowCommand())
}

// readSchemas reads a folder laid out as vendor/name/format/version. Finding
// none is an error: the folder is most likely the wrong one.
func readSchemas(folder string) ([]compile.Source, error) {
	if err := isFolder(folder); err != nil {
		return nil, err
	}
	sources, err := registry.Folder(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("reading schemas in %s: %w", folder, err)
	}
	if len(sources) == 0 {
		return nil, noSchemas(folder)
	}
	return sources, nil
}

func isFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading schemas: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("reading schemas: %s is a file: name the folder that holds the vendors", path)
	}
	return nil
}

func noSchemas(folder string) error {
	return fmt.Errorf("no schema below %s: files are laid out as vendor/name/jsonschema/1-0-0", folder)
}

func printJSON(w io.Writer, value any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
