package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"weir/host/admin"
)

func deadletterCommand() *cobra.Command {
	return group("deadletter", "Look at dead letters, events that a sink would not take, hand them back or drop them",
		deadletterListCommand(), deadletterShowCommand(), deadletterRetryCommand(), deadletterDropCommand())
}

// selectLetters registers the flags that dead letters are selected by.
func selectLetters(f *pflag.FlagSet, s *admin.Selection) {
	f.StringVar(&s.Route, "route", "", "those of this route")
	f.StringVar(&s.App, "app", "", "those of this app id")
	f.StringVar(&s.Schema, "schema", "", "those of this schema key; a trailing * matches any rest")
	f.StringVar(&s.Reason, "reason", "", "those whose reason has this in it")
}

func deadletterListCommand() *cobra.Command {
	var host adminClient
	var wanted admin.Selection
	var limit int
	var before int64
	var retried, asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List dead letters, the latest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			query := url.Values{"limit": {strconv.Itoa(limit)}, "route": {wanted.Route}, "app": {wanted.App}, "schema": {wanted.Schema}, "reason": {wanted.Reason}}
			if before > 0 {
				query.Set("before", strconv.FormatInt(before, 10))
			}
			if retried {
				query.Set("retried", "true")
			}
			letters, err := deadLetters(cmd, host, query)
			if err != nil {
				return err
			}
			for _, raw := range letters {
				line := string(raw)
				if !asJSON {
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
	selectLetters(cmd.Flags(), &wanted)
	cmd.Flags().IntVar(&limit, "limit", 50, "how many at most, up to 10000")
	cmd.Flags().Int64Var(&before, "before", 0, "only numbers below this one: the page that follows")
	cmd.Flags().BoolVar(&retried, "retried", false, "those that were handed back, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the letters as JSON, one a line")
	return cmd
}

func deadLetters(cmd *cobra.Command, host adminClient, query url.Values) ([]json.RawMessage, error) {
	var answer struct{ DeadLetters []json.RawMessage }
	err := host.get(cmd.Context(), "/api/deadletters", query, &answer)
	return answer.DeadLetters, err
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

func deadletterShowCommand() *cobra.Command {
	var host adminClient
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show a dead letter: why it died, and the whole event",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := letterNumber(args[0]); err != nil {
				return err
			}
			letters, err := deadLetters(cmd, host, url.Values{"id": {args[0]}})
			switch {
			case err != nil:
				return err
			case len(letters) == 0:
				return fmt.Errorf("there is no dead letter %s: it was dropped, or had its time", args[0])
			case asJSON:
				_, err := fmt.Fprintln(cmd.OutOrStdout(), string(letters[0]))
				return err
			}
			var l admin.DeadLetter
			if err := json.Unmarshal(letters[0], &l); err != nil {
				return fmt.Errorf("reading a dead letter: %w", err)
			}
			var b strings.Builder
			fmt.Fprintf(&b, "number    %d\nroute     %s\nsink      %s\ndied      %s, after %s\n", l.ID, clean(l.Route), clean(l.Sink),
				l.At.UTC().Format(time.RFC3339), count(l.Attempts, "attempt"))
			if !l.Retried.IsZero() {
				fmt.Fprintf(&b, "handed back %s; its event went with it\n", l.Retried.UTC().Format(time.RFC3339))
			}
			fmt.Fprintf(&b, "reason    %s\n", clean(l.Error))
			if len(l.Envelope) > 0 {
				fmt.Fprintf(&b, "%s\n", indented(l.Envelope))
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), b.String())
			return err
		},
	}
	host.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the letter as JSON")
	return cmd
}

func letterNumber(arg string) (int64, error) {
	id, err := strconv.ParseInt(arg, 10, 64)
	if err != nil || id < 1 {
		return 0, usageError{fmt.Errorf("%q is not the number of a dead letter: weir deadletter list names them", arg)}
	}
	return id, nil
}

func deadletterRetryCommand() *cobra.Command {
	cmd := onDeadLetters("retry", "handed back", func(cmd *cobra.Command, host adminClient, wanted admin.Selection) (int, int64, admin.Rest, error) {
		var answer admin.Retried
		err := host.post(cmd.Context(), "/api/deadletters/retry", wanted, &answer)
		return answer.Retried, answer.Waiting, answer.Rest, err
	})
	cmd.Short = "Hand dead letters back to their routes: those named, of a route, or all"
	cmd.Long = cmd.Short + `.

Each is handed back once: it can be interrupted, and the host too, and run again
to go on. What a sink refuses again becomes a dead letter anew.

It exits with 1 when some stay because their route is not configured or because
they never were events.`
	return cmd
}

func deadletterDropCommand() *cobra.Command {
	cmd := onDeadLetters("drop", "dropped for good", func(cmd *cobra.Command, host adminClient, wanted admin.Selection) (int, int64, admin.Rest, error) {
		var answer admin.Dropped
		err := host.post(cmd.Context(), "/api/deadletters/drop", wanted, &answer)
		return answer.Dropped, answer.Waiting, answer.Rest, err
	})
	cmd.Short = "Delete dead letters for good: those named, of a route, or all"
	return cmd
}

// lettersAtOnce is how many one request acts on, so that it ends soon and there
// is something to tell.
const lettersAtOnce = 500

// acted is what became of dead letters.
type acted struct {
	Letters    int      `json:"letters"`
	Waiting    int64    `json:"waiting"`
	Unreadable int      `json:"unreadable,omitempty"`
	Unknown    []string `json:"unknown,omitempty"`
}

// onDeadLetters is a command that acts on the dead letters that its arguments
// and flags select.
func onDeadLetters(name, what string, act func(*cobra.Command, adminClient, admin.Selection) (letters int, waiting int64, rest admin.Rest, err error)) *cobra.Command {
	var host adminClient
	var all, asJSON bool
	var wanted admin.Selection
	cmd := &cobra.Command{
		Use: name + " [ID…]",
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, arg := range args {
				id, err := letterNumber(arg)
				if err != nil {
					return err
				}
				wanted.IDs = append(wanted.IDs, id)
			}
			if len(args) == 0 && wanted.Route+wanted.App+wanted.Schema+wanted.Reason == "" && !all {
				return usageError{errors.New("say which: numbers, --route or --all")}
			}
			wanted.Limit = lettersAtOnce
			p := newProgress(cmd.ErrOrStderr())
			defer p.end()
			var sum acted
			for {
				n, waiting, rest, err := act(cmd, host, wanted)
				sum.Letters += n
				if err != nil {
					if sum.Letters > 0 {
						err = fmt.Errorf("%s %s, then: %w", count(sum.Letters, "dead letter"), what, err)
					}
					return err
				}
				sum.Waiting, sum.Unreadable = waiting, sum.Unreadable+rest.Unreadable
				sum.Unknown = union(sum.Unknown, rest.Unknown)
				if !rest.More {
					break
				}
				wanted.After, wanted.UpTo = rest.After, rest.UpTo
				p.show(float64(sum.Letters)/float64(max(int64(sum.Letters)+waiting, 1)), fmt.Sprintf("%s %s", count(sum.Letters, "dead letter"), what))
			}
			p.end()
			if err := sum.print(cmd, what, asJSON); err != nil {
				return err
			}
			if sum.Unreadable > 0 || len(sum.Unknown) > 0 {
				return errFound
			}
			return nil
		},
	}
	host.register(cmd.Flags())
	selectLetters(cmd.Flags(), &wanted)
	cmd.Flags().BoolVar(&all, "all", false, "all of them")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

func (a *acted) print(cmd *cobra.Command, what string, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(a)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s, %d waiting\n", count(a.Letters, "dead letter"), what, a.Waiting)
	if a.Unreadable > 0 {
		fmt.Fprintf(&b, "%d stay that never were readable events: they can be looked at and dropped\n", a.Unreadable)
	}
	for _, route := range a.Unknown {
		fmt.Fprintf(&b, "those of route %s stay: there is no such route; configure it and start again\n", clean(route))
	}
	_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}

// union adds to a list what it lacks.
func union(list, more []string) []string {
	for _, s := range more {
		if !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
