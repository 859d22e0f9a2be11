package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

func schemasShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show FOLDER KEY",
		Short: "Print one schema",
		Long:  `Print one schema, named by its key: "iglu:" may be left out.`,
		Example: `  weir schemas show schemas iglu:com.example/checkout/jsonschema/1-0-0
  weir schemas show schemas com.example/checkout/jsonschema/1-0-0`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			sources, err := readSchemas(args[0])
			if err != nil {
				return err
			}
			key := "iglu:" + strings.TrimPrefix(args[1], "iglu:")
			for _, s := range sources {
				if s.Key == key {
					_, err := cmd.OutOrStdout().Write(s.JSON)
					return err
				}
			}
			return fmt.Errorf("no schema %s in %s: weir schemas list %s names those there are", key, args[0], args[0])
		},
	}
}
