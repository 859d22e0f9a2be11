package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"weir/schemas/lint"
)

func schemasLintCommand() *cobra.Command {
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "lint FOLDER",
		Short: "Find what is wrong with schemas",
		Long: `Find what is wrong with schemas, one line a fault, with its place:

  FOLDER/com.acme/click/jsonschema/1-0-0:8:20: /properties/label/maxLenght: error: …

Errors make a schema unusable, or say something other than they mean; warnings
are likely mistakes. The exit status is 1 if there is an error, or with --strict
any finding.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			if err := isFolder(folder); err != nil {
				return err
			}
			findings, schemas, err := lint.Folder(os.DirFS(folder))
			if err != nil {
				return fmt.Errorf("linting %s: %w", folder, err)
			}
			if schemas == 0 {
				return noSchemas(folder)
			}
			errors := 0
			for i := range findings {
				findings[i].File = filepath.Join(folder, findings[i].File)
				if findings[i].Severity == lint.Error {
					errors++
				}
			}
			out := cmd.OutOrStdout()
			if asJSON {
				if findings == nil {
					findings = []lint.Finding{}
				}
				err = printJSON(out, map[string]any{"schemas": schemas, "findings": findings})
			} else {
				for _, f := range findings {
					fmt.Fprintln(out, f)
				}
				_, err = fmt.Fprintf(out, "%s, %s, %s\n", count(schemas, "schema"), count(errors, "error"), count(len(findings)-errors, "warning"))
			}
			if err == nil && (errors > 0 || strict && len(findings) > 0) {
				return errFound
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the findings as JSON")
	cmd.Flags().BoolVar(&strict, "strict", false, "let warnings fail, too")
	return cmd
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
