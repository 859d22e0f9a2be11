package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

func deadletterCommand() *cobra.Command {
	return group("deadletter", "Look at dead letters: events that a sink would not take", deadletterListCommand())
}

func deadletterListCommand() *cobra.Command {
	var host adminClient
	var limit int
	var route string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, the latest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var answer struct{ Deadletters []json.RawMessage }
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if route != "" {
				query.Set("route", route)
			}
			if err := host.get(cmd.Context(), "/api/deadletters", query, &answer); err != nil {
				return err
			}
			for _, raw := range answer.Deadletters {
				if asJSON {
					fmt.Fprintln(cmd.OutOrStdout(), string(raw))
					continue
				}
				var letter struct {
					ID       json.RawMessage
					Route    string
					Error    string
					Attempts int
					Envelope json.RawMessage
				}
				if err := json.Unmarshal(raw, &letter); err != nil {
					return fmt.Errorf("reading a dead letter: %w", err)
				}
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  %s: %s\n    %s\n", clean(string(letter.ID)), clean(letter.Route),
					count(letter.Attempts, "attempt"), clean(letter.Error), eventLine(letter.Envelope))
			}
			return nil
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most")
	cmd.Flags().StringVar(&route, "route", "", "only those of this route")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the letters as JSON, one a line")
	return cmd
}
