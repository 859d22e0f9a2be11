package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"weir/schemas/bundle"
	"weir/schemas/compile"
)

func schemasCompileCommand() *cobra.Command {
	var output string
	var opt compileOptions
	cmd := &cobra.Command{
		Use:   "compile FOLDER --output FILE",
		Short: "Compile schemas into the bundle that edges and hosts run",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" {
				return usageError{errors.New("--output is missing: name the file to write")}
			}
			sources, err := readSchemas(args[0])
			if err != nil {
				return err
			}
			compiled, err := compile.Bundle(sources, opt.Options)
			if err != nil {
				return fmt.Errorf("compiling schemas:\n%w", err)
			}
			opened, err := bundle.Open(compiled)
			if err != nil {
				return fmt.Errorf("verifying the compiled bundle: %w", err)
			}
			if err := os.WriteFile(output, compiled, 0o644); err != nil {
				return fmt.Errorf("writing the bundle: %w", err)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s, %d bytes, %s\n", output, count(len(sources), "schema"), len(compiled), opened.Hash())
			return err
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "", "file to write (required)")
	opt.flags(cmd)
	return cmd
}
