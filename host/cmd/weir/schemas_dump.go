package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/inspect"
)

func schemasDumpCommand() *cobra.Command {
	var asJSON bool
	var opt compileOptions
	cmd := &cobra.Command{
		Use:   "dump BUNDLE|FOLDER",
		Short: "List what a bundle holds",
		Long: `List what a bundle holds: its sections and their sizes, how its patterns are
matched, which formats it asserts, and its programs with the nodes they reach.
A folder of schemas is compiled first.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			b, size, err := openBundle(args[0], opt.Options)
			if err != nil {
				return err
			}
			l := inspect.List(b, size)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), l)
			}
			return l.Write(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the listing as JSON")
	opt.flags(cmd)
	return cmd
}

// openBundle opens a bundle, or compiles the schemas of a folder into one.
func openBundle(path string, opt compile.Options) (b *bundle.Bundle, size int, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, fmt.Errorf("reading schemas: %w", err)
	}
	var compiled []byte
	if info.IsDir() {
		sources, err := readSchemas(path)
		if err != nil {
			return nil, 0, err
		}
		if compiled, err = compile.Bundle(sources, opt); err != nil {
			return nil, 0, fmt.Errorf("compiling schemas:\n%w", err)
		}
	} else if compiled, err = os.ReadFile(path); err != nil {
		return nil, 0, fmt.Errorf("reading the bundle: %w", err)
	}
	if b, err = bundle.Open(compiled); err != nil {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	return b, len(compiled), nil
}
