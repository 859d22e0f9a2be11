package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"weir/host/admin"
)

func deadletterCommand() *cobra.Command {
	return group("deadletter", "Look at dead letters, events that a sink would not take, hand them back or drop them",
		deadletterListCommand(), deadletterRetryCommand(), deadletterDropCommand())
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
			var answer struct{ DeadLetters []json.RawMessage }
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if route != "" {
				query.Set("route", route)
			}
			if err := host.get(cmd.Context(), "/api/deadletters", query, &answer); err != nil {
				return err
			}
			for _, raw := range answer.DeadLetters {
				line := string(raw)
				if !asJSON {
					var err error
					if line, err = letterLines(raw); err != nil {
						return err
					}
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
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

// letterLines is a dead letter for people: what happened, and below it the event.
func letterLines(raw []byte) (string, error) {
	var l admin.DeadLetter
	if err := json.Unmarshal(raw, &l); err != nil {
		return "", fmt.Errorf("reading a dead letter: %w", err)
	}
	state := ""
	if !l.Retried.IsZero() {
		state = ", handed back"
	}
	return fmt.Sprintf("%d  %s  %s%s: %s\n    %s", l.ID, clean(l.Route), count(l.Attempts, "attempt"), state,
		clean(l.Error), eventLine(l.Envelope)), nil
}

func deadletterRetryCommand() *cobra.Command {
	cmd := onDeadLetters("retry", func(cmd *cobra.Command, host adminClient, wanted admin.Selection) error {
		var answer admin.Retried
		if err := host.post(cmd.Context(), "/api/deadletters/retry", wanted, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s handed back, %d waiting\n", count(answer.Retried, "dead letter"), answer.Waiting)
		return err
	})
	cmd.Short = "Hand dead letters back to their routes: those named, of a route, or all"
	return cmd
}

func deadletterDropCommand() *cobra.Command {
	cmd := onDeadLetters("drop", func(cmd *cobra.Command, host adminClient, wanted admin.Selection) error {
		var answer admin.Dropped
		if err := host.post(cmd.Context(), "/api/deadletters/drop", wanted, &answer); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s dropped for good, %d waiting\n", count(answer.Dropped, "dead letter"), answer.Waiting)
		return err
	})
	cmd.Short = "Delete dead letters for good: those named, of a route, or all"
	return cmd
}

// onDeadLetters is a command that acts on the dead letters that its arguments
// and flags select.
func onDeadLetters(name string, act func(*cobra.Command, adminClient, admin.Selection) error) *cobra.Command {
	var host adminClient
	var all bool
	var wanted admin.Selection
	cmd := &cobra.Command{
		Use: name + " [ID…]",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				id, err := strconv.ParseInt(arg, 10, 64)
				if err != nil {
					return usageError{fmt.Errorf("%q is not the number of a dead letter: weir deadletter list names them", arg)}
				}
				wanted.IDs = append(wanted.IDs, id)
			}
			if len(args) == 0 && wanted.Route == "" && !all {
				return usageError{fmt.Errorf("say which: numbers, --route or --all")}
			}
			return act(cmd, host, wanted)
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().StringVar(&wanted.Route, "route", "", "those of this route")
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	return cmd
}
