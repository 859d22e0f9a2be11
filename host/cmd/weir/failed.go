package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func failedCommand() *cobra.Command {
	return group("failed", "Look at failed events: those that no schema accepts", failedListCommand())
}

func failedListCommand() *cobra.Command {
	var host adminClient
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List failed events, the latest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer struct{ Events []json.RawMessage }
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if err := host.get(cmd.Context(), "/api/failed", query, &answer); err != nil {
				return err
			}
			for _, e := range answer.Events {
				line := eventLine(e)
				if asJSON {
					line = string(e)
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print envelopes, one a line")
	return cmd
}
