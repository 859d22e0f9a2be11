package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/host/admin"
	"weir/host/failed"
)

func failedRetryCommand() *cobra.Command {
	var host adminClient
	var wanted admin.FailedRetry
	var from, to string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "retry [ID…]",
		Short: "Judge failed events again, and hand those that now pass to all routes",
		Long: `Judge failed events again by the schemas that the host has, which are read
again first, and hand those that now pass to all routes as good events: without
violations, and with the time in weir.rejudged. Without a selection, all that are
kept are judged.

Each is handed over once: it can be interrupted, and the host too, and run again
to go on. Edges learn of a schema in their own way; until they do, events go on
failing there.

These stay failed, and why is told of each:
  fails     its schemas do not accept it
  unknown   the host holds no schema of that name
  redacted  what was sent was taken out of it or changed before it left the edge
            and what is left does not pass: it cannot be had back
  other     it broke a rule that is no schema's`,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				id, err := failedNumber(arg)
				if err != nil {
					return err
				}
				wanted.IDs = append(wanted.IDs, id)
			}
			var fromErr, toErr error
			wanted.From, fromErr = replayTime("from", from)
			wanted.To, toErr = replayTime("to", to)
			if err := errors.Join(fromErr, toErr); err != nil {
				return usageError{err}
			}
			sum, err := judgeAgain(cmd, host, wanted)
			if printErr := printJudged(cmd, sum, wanted.DryRun, asJSON); err == nil {
				err = printErr
			}
			return err
		},
	}
	host.register(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&wanted.App, "app", "", "only those of this app id")
	f.StringVar(&wanted.Schema, "schema", "", "only those that name this schema key; a trailing * matches any rest")
	f.StringVar(&from, "from", "", "only those stored from this time on")
	f.StringVar(&to, "to", "", "only those stored before this time")
	f.BoolVar(&wanted.DryRun, "dry-run", false, "judge them and hand over none")
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// judgeAgain makes all steps, and returns their sum.
func judgeAgain(cmd *cobra.Command, host adminClient, wanted admin.FailedRetry) (sum failed.Retried, err error) {
	p := newProgress(cmd.ErrOrStderr())
	defer p.end()
	sum.Left = []failed.Left{}
	for share := 0.0; ; {
		var done failed.Retried
		if err := host.post(cmd.Context(), "/api/failed/retry", wanted, &done); err != nil {
			return sum, err
		}
		sum.Judged += done.Judged
		sum.Passed += done.Passed
		sum.Resumed += done.Resumed
		sum.Left = append(sum.Left, done.Left...)
		switch {
		case done.Waiting != "":
			wanted.UpTo = done.UpTo
			if err := waiting(cmd.Context(), p, share, done.Waiting); err != nil {
				return sum, err
			}
			continue
		case done.Done:
			return sum, nil
		}
		wanted.After, wanted.UpTo = done.After, done.UpTo
		share = float64(done.After) / float64(max(done.UpTo, 1))
		p.show(share, count(sum.Judged, "failed event")+" judged")
	}
}

func printJudged(cmd *cobra.Command, r failed.Retried, dry, asJSON bool) error {
	w := cmd.OutOrStdout()
	if asJSON {
		return json.NewEncoder(w).Encode(struct {
			DryRun  bool          `json:"dry_run,omitempty"`
			Judged  int           `json:"judged"`
			Passed  int           `json:"passed"`
			Resumed int           `json:"resumed,omitempty"`
			Left    []failed.Left `json:"left"`
		}{dry, r.Judged, r.Passed, r.Resumed, r.Left})
	}
	var b strings.Builder
	verb := "were handed to all routes"
	if dry {
		verb = "would be handed to all routes"
	}
	fmt.Fprintf(&b, "%s judged again: %d pass and %s, %d stay failed\n", count(r.Judged, "failed event"), r.Passed, verb, len(r.Left))
	if r.Resumed > 0 {
		fmt.Fprintf(&b, "%d that had passed before were handed over, too\n", r.Resumed)
	}
	const shown = 50
	outcomes := map[string]int{}
	for i, l := range r.Left {
		if outcomes[string(l.Outcome)]++; i < shown {
			fmt.Fprintf(&b, "%d  %-8s  %s\n", l.ID, l.Outcome, clean(l.Why))
		}
	}
	if len(r.Left) > shown {
		b.WriteString("… in all")
		for _, o := range slices.Sorted(maps.Keys(outcomes)) {
			fmt.Fprintf(&b, " %d %s,", outcomes[o], o)
		}
		b.WriteString(" --json lists each\n")
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}
