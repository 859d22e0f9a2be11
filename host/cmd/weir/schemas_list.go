package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

func schemasListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list FOLDER",
		Short: "List the schema keys in a folder",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := readSchemas(args[0])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			if asJSON {
				type row struct {
					Key  string `json:"key"`
					Path string `json:"path"`
				}
				rows := make([]row, len(sources))
				for i, s := range sources {
					rows[i] = row{s.Key, s.Path}
				}
				return printJSON(out, rows)
			}
			for _, s := range sources {
				fmt.Fprintln(out, s.Key)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print keys and paths as JSON")
	return cmd
}
