package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tidwall/gjson"

	"weir/host/admin"
)

func failedCommand() *cobra.Command {
	return group("failed", "Look at failed events, those that no schema accepts, and judge them again",
		failedListCommand(), failedShowCommand(), failedRetryCommand())
}

func failedListCommand() *cobra.Command {
	var host adminClient
	var limit int
	var before int64
	var app, schema string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List failed events, the latest first, with their numbers",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"limit": {strconv.Itoa(limit)}, "app": {app}, "schema": {schema}}
			if before > 0 {
				query.Set("before", strconv.FormatInt(before, 10))
			}
			var answer admin.FailedEvents
			if err := host.get(cmd.Context(), "/api/failed", query, &answer); err != nil {
				return err
			}
			for i, e := range answer.Events {
				line := string(e)
				if !asJSON && i < len(answer.IDs) {
					line = fmt.Sprintf("%d  %s", answer.IDs[i], eventLine(e))
				}
				fmt.Fprintln(cmd.OutOrStdout(), line)
			}
			return nil
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most, up to 10000")
	cmd.Flags().Int64Var(&before, "before", 0, "only numbers below this one: the page that follows")
	cmd.Flags().StringVar(&app, "app", "", "only those of this app id")
	cmd.Flags().StringVar(&schema, "schema", "", "only those that name this schema key; a trailing * matches any rest")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print envelopes, one a line")
	return cmd
}

func failedShowCommand() *cobra.Command {
	var host adminClient
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a failed event: every rule that it broke, and the whole event",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := failedNumber(args[0]); err != nil {
				return err
			}
			var answer admin.FailedEvents
			if err := host.get(cmd.Context(), "/api/failed", url.Values{"id": {args[0]}}, &answer); err != nil {
				return err
			}
			if len(answer.Events) == 0 || len(answer.Stored) == 0 {
				return fmt.Errorf("there is no failed event %s: it passed since, or had its time", args[0])
			}
			e := answer.Events[0]
			if asJSON {
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(e))
				return err
			}
			var b strings.Builder
			fmt.Fprintf(&b, "number    %s\nstored    %s\n", args[0], answer.Stored[0].UTC().Format(time.RFC3339))
			gjson.GetBytes(e, "weir.violations").ForEach(func(_, v gjson.Result) bool {
				fmt.Fprintf(&b, "violation %s %s: %s\n          %s\n", clean(v.Get("path").String()), clean(v.Get("keyword").String()),
					clean(v.Get("message").String()), clean(v.Get("schema").String()))
				return true
			})
			if more := gjson.GetBytes(e, "weir.violations_more").Int(); more > 0 {
				fmt.Fprintf(&b, "          and %d more\n", more)
			}
			fmt.Fprintf(&b, "%s\n", indented(e))
			_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
			return err
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the envelope on one line")
	return cmd
}

func failedNumber(arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id < 1 {
		return 0, usageError{fmt.Errorf("%q is not the number of a failed event: weir failed list names them", arg)}
	}
	return id, nil
}
