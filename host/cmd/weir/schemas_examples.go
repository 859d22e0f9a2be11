package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"weir/schemas/examples"
)

func schemasTestCommand() *cobra.Command {
	var asJSON, strict bool
	var opt compileOptions
	cmd := &cobra.Command{
		Use:   "test FOLDER",
		Short: "Run the examples beside schemas",
		Long: `Run the examples beside schemas: instances in 1-0-0.good.ndjson are valid, those
in 1-0-0.bad.ndjson violate exactly what they name:

  {"path":"/items","keyword":"minItems","data":{…}}

The exit status is 1 if one does not, or with --strict a schema has no examples.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			folder := args[0]
			sources, err := readSchemas(folder)
			if err != nil {
				return err
			}
			for i := range sources {
				sources[i].Path = filepath.Join(folder, sources[i].Path)
			}
			r, err := examples.Run(os.DirFS(folder), sources, opt.Options)
			if err != nil {
				return fmt.Errorf("testing %s: %w", folder, err)
			}
			for i := range r.Findings {
				r.Findings[i].File = filepath.Join(folder, r.Findings[i].File)
			}
			out := cmd.OutOrStdout()
			if asJSON {
				err = printJSON(out, map[string]any{
					"schemas": len(sources), "good": r.Good, "bad": r.Bad,
					"without": append([]string{}, r.Without...), "findings": append([]examples.Finding{}, r.Findings...),
				})
			} else {
				for _, f := range r.Findings {
					fmt.Fprintln(out, f)
				}
				if strict {
					for _, key := range r.Without {
						fmt.Fprintf(out, "%s: has no examples\n", key)
					}
				}
				_, err = fmt.Fprintf(out, "%s, %d without examples, %d good and %d bad run, %s\n", count(len(sources), "schema"), len(r.Without), r.Good, r.Bad, count(len(r.Findings), "fault"))
			}
			if err == nil && (len(r.Findings) > 0 || strict && len(r.Without) > 0) {
				return errFound
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	cmd.Flags().BoolVar(&strict, "strict", false, "let schemas without examples fail, too")
	opt.flags(cmd)
	return cmd
}
