package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"weir/host/admin"
	"weir/host/match"
	"weir/host/replay"
)

// replayOptions are the flags of weir replay.
type replayOptions struct {
	host     adminClient
	route    string
	from, to string
	files    []string
	where    []string
	filter   replay.Filter
	again    string
	dry, yes bool
	json     bool
}

func replayCommand() *cobra.Command {
	var o replayOptions
	cmd := &cobra.Command{
		Use:   "replay --route R {--from T --to T | --files PATH…}",
		Short: "Hand events to a route again, from the journal or from files",
		Long: `Hand events to one route again: those of batches that the host received from a
time on and before another, as long as its journal keeps them (journal.retain), or
those in files of envelopes, a line each, as the file sink writes them or as they
lie in object storage, plain, gzip or zstd. Times are RFC 3339, or days in UTC.

The same replay does nothing twice: it can be interrupted, and the host too, and
run again to go on. What counts is the route, the times and the filters, or the
lines of the files; --again NAME makes another replay of it.

The route's own rules still hold, and its dedupe window. Events that were handed
to one route alone, by a replay or as dead letters, are not replayed. A fifth of
the journal is left free: when it is full to there, the replay waits.

A filter is what routes call where: a gjson path into the envelope, an operator
(== != < <= > >= % !%) and a value, or a path alone for what must be there:

  --filter 'unstruct_event.data.sku == abc'
  --filter 'contexts.#(schema%"iglu:com.example/user/*").data.tier == gold'

It exits with 1 when something could not be replayed: events that retention
removed meanwhile, damaged batches, lines that are no envelopes.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 && len(o.files) == 0 {
				return usageError{fmt.Errorf("%q: only --files takes further paths", args[0])}
			}
			o.files = append(o.files, args...)
			return o.run(cmd)
		},
	}
	f := cmd.Flags()
	o.host.register(f)
	f.StringVar(&o.route, "route", "", "the route")
	f.StringVar(&o.from, "from", "", "events received from this time on; with --files: collected")
	f.StringVar(&o.to, "to", "", "events received before this time; with --files: collected")
	f.StringArrayVar(&o.files, "files", nil, "files, or folders of files named *.ndjson, *.jsonl or *.json, with .gz or .zst or without")
	f.StringArrayVar(&o.filter.Apps, "app", nil, "only events of this app id; a trailing * matches any rest; may be repeated")
	f.StringArrayVar(&o.filter.Schemas, "schema", nil, "only events of this schema key, likewise")
	f.StringArrayVar(&o.filter.Names, "event", nil, "only events of this name, likewise")
	f.StringVar(&o.filter.Verdict, "verdict", "all", "only good, only failed or all events")
	f.StringArrayVar(&o.where, "filter", nil, "only events for which this holds; may be repeated, all must hold")
	f.StringVar(&o.again, "again", "", "a name that makes it another replay than those before")
	f.BoolVar(&o.dry, "dry-run", false, "count the events and hand over none")
	f.BoolVarP(&o.yes, "yes", "y", false, "do not ask before events are handed over")
	f.BoolVar(&o.json, "json", false, "print the result as JSON")
	f.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "where" { // as routes call it
			name = "filter"
		}
		return pflag.NormalizedName(name)
	})
	return cmd
}

// replayResult is what a replay came to.
type replayResult struct {
	Route  string `json:"route"`
	DryRun bool   `json:"dry_run,omitempty"`
	Files  int    `json:"files,omitempty"`
	replay.Counts
	Known   int64     `json:"known"` // of events: handed over before
	Skipped int64     `json:"skipped,omitempty"`
	Damaged int64     `json:"damaged,omitempty"`
	Removed int64     `json:"removed,omitempty"`
	Kept    time.Time `json:"kept,omitzero"` // the journal begins here, within the span
}

func (o *replayOptions) run(cmd *cobra.Command) error {
	from, fromErr := replayTime("from", o.from)
	to, toErr := replayTime("to", o.to)
	var conditions error
	for _, text := range o.where {
		var c match.Condition
		conditions = errors.Join(conditions, c.UnmarshalText([]byte(text)))
		o.filter.Where = append(o.filter.Where, c)
	}
	switch err := errors.Join(fromErr, toErr, conditions); {
	case err != nil:
		return usageError{err}
	case o.route == "":
		return usageError{errors.New("say which route: --route")}
	case len(o.files) == 0 && (o.from == "" || o.to == ""):
		return usageError{errors.New("say what: --from and --to, or --files")}
	}
	work := o.journal(from, to)
	if len(o.files) > 0 {
		var err error
		if work, err = o.fromFiles(from, to); err != nil {
			return err
		}
	}
	if !o.yes && !o.dry {
		counted, err := o.do(cmd, work, true)
		if err != nil {
			return err
		}
		if err := o.confirm(cmd, counted); err != nil {
			return err
		}
	}
	done, err := o.do(cmd, work, o.dry)
	if printErr := o.print(cmd.OutOrStdout(), done, err); err == nil {
		err = printErr
	}
	switch {
	case err != nil && cmd.Context().Err() != nil:
		return errors.New("interrupted; what was handed over stays so, and the same command goes on from there")
	case err != nil && !o.dry:
		return fmt.Errorf("%w\nWhat was handed over stays so; the same command goes on from there", err)
	case err == nil && done.Skipped+done.Damaged+done.Removed > 0:
		return errFound
	}
	return err
}

// replayWork does a replay, or counts what it would be.
type replayWork func(ctx context.Context, p *progress, dry bool, result *replayResult) error

func (o *replayOptions) do(cmd *cobra.Command, work replayWork, dry bool) (replayResult, error) {
	p := newProgress(cmd.ErrOrStderr())
	result := replayResult{Route: o.route, DryRun: dry}
	err := work(cmd.Context(), p, dry, &result)
	p.end()
	return result, err
}

func replayTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("--%s: %q is neither a time such as 2026-11-20T18:00:00Z nor a day such as 2026-11-20", flag, text)
}

// journal replays what the host's journal keeps.
func (o *replayOptions) journal(from, to time.Time) replayWork {
	return func(ctx context.Context, p *progress, dry bool, result *replayResult) error {
		step := admin.ReplayStep{DryRun: dry, Request: replay.Request{Route: o.route, From: from, To: to, Filter: o.filter, Again: o.again}}
		end := to
		if now := time.Now(); now.Before(end) {
			end = now
		}
		share := 0.0
		for {
			var done replay.Progress
			if err := o.host.post(ctx, "/api/replay", step, &done); err != nil {
				return err
			}
			if done.Waiting != "" {
				if err := waiting(ctx, p, share, done.Waiting); err != nil {
					return err
				}
				continue
			}
			result.Add(done.Counts)
			result.Known += done.Known
			result.Skipped += done.Skipped
			result.Damaged += done.Damaged
			result.Removed += done.Removed
			if step.After == 0 && done.Kept.After(from) {
				result.Kept, from = done.Kept, done.Kept
			}
			if done.Done {
				return nil
			}
			step.After = done.After
			if span := end.Sub(from); span > 0 {
				share = float64(done.Seen.Sub(from)) / float64(span)
			}
			p.show(share, count(int(result.Events), "event"))
		}
	}
}

// waiting shows why nothing happens, and lets a second pass.
func waiting(ctx context.Context, p *progress, share float64, why string) error {
	p.show(share, "waiting: "+clean(why))
	select {
	case <-time.After(time.Second):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// confirm asks on a terminal whether to go on.
func (o *replayOptions) confirm(cmd *cobra.Command, counted replayResult) error {
	if !isTerminal(cmd.InOrStdin()) {
		return usageError{fmt.Errorf("%s would be handed to route %s: --yes says to do it, --dry-run shows more", count(int(counted.Events), "event"), o.route)}
	}
	if err := writeReplay(cmd.ErrOrStderr(), counted); err != nil {
		return err
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Hand them to route %s? [y/N] ", clean(o.route))
	answer, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	if !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return errors.New("nothing was handed over")
	}
	return nil
}

func (o *replayOptions) print(w io.Writer, r replayResult, failed error) error {
	if !o.json {
		return writeReplay(w, r)
	}
	message := struct {
		replayResult
		Error string `json:"error,omitempty"`
	}{replayResult: r}
	if failed != nil {
		message.Error = failed.Error()
	}
	return json.NewEncoder(w).Encode(message)
}

// writeReplay tells people what a replay came to.
func writeReplay(w io.Writer, r replayResult) error {
	var b strings.Builder
	verb := "handed to route " + clean(r.Route)
	if r.DryRun {
		verb = "would be " + verb
	}
	fmt.Fprintf(&b, "%s, %s, %s", count(int(r.Events), "event"), bytesText(r.Bytes), verb)
	if r.Known > 0 {
		fmt.Fprintf(&b, "; %d of them had been handed over before", r.Known)
	}
	b.WriteByte('\n')
	if r.Events > 0 {
		fmt.Fprintf(&b, "from %s to %s\n", r.First.UTC().Format(time.RFC3339), r.Last.UTC().Format(time.RFC3339))
	}
	const shown = 20
	for i, g := range r.Groups {
		if i == shown {
			fmt.Fprintf(&b, "  … and %d more apps and schemas: --json lists them\n", len(r.Groups)-shown)
			break
		}
		app, schema := clean(g.App), clean(g.Schema)
		if app == "" {
			app = "-"
		}
		if schema == "" {
			schema = "-"
		}
		fmt.Fprintf(&b, "%10d  %s  %s\n", g.Events, app, schema)
	}
	for _, left := range []struct {
		n    int64
		what string
	}{
		{r.Skipped, "lines left out that are no envelopes"},
		{r.Damaged, "batches left out that storage damaged; they are in quarantine"},
		{r.Removed, "batches at most were removed by retention before they could be read"},
	} {
		if left.n > 0 {
			fmt.Fprintf(&b, "%d %s\n", left.n, left.what)
		}
	}
	if !r.Kept.IsZero() {
		fmt.Fprintf(&b, "the journal keeps nothing that was received before %s\n", r.Kept.UTC().Format(time.RFC3339))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func bytesText(n int64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d bytes", n)
}

// fromFiles replays files.
func (o *replayOptions) fromFiles(from, to time.Time) (replayWork, error) {
	files, size, err := replay.Find(o.files)
	if err != nil {
		return nil, usageError{err}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no files of events in %s", strings.Join(o.files, " "))
	}
	told := map[string]bool{} // once, although files are read twice
	return func(ctx context.Context, p *progress, dry bool, result *replayResult) error {
		var read int64
		result.Files = len(files)
		f := replay.Files{Filter: o.filter, From: from, To: to, Read: func(n int) { read += int64(n) }}
		f.Bad = func(file string, line int, err error) {
			result.Skipped++
			const most = 20
			if at := fmt.Sprintf("%s:%d", file, line); len(told) < most && !told[at] {
				told[at] = true
				p.end()
				fmt.Fprintf(os.Stderr, "%s: %v\n", clean(at), err)
				if len(told) == most {
					fmt.Fprintln(os.Stderr, "further lines that are no envelopes are only counted")
				}
			}
		}
		var faults []error
		for _, name := range files {
			var stop error // what ends the replay, where a file at fault does not
			err := f.Chunks(name, func(lines []byte, c replay.Counts) error {
				known := int64(0)
				if !dry {
					known, stop = o.push(ctx, p, float64(read)/float64(max(size, 1)), lines)
				}
				if stop == nil {
					result.Add(c)
					result.Known += known
					p.show(float64(read)/float64(max(size, 1)), count(int(result.Events), "event"))
				}
				return stop
			})
			if stop != nil {
				return stop
			}
			if err != nil {
				faults = append(faults, err)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		return errors.Join(faults...)
	}, nil
}

// push hands a chunk of lines over, and returns how many events of it are known.
func (o *replayOptions) push(ctx context.Context, p *progress, share float64, lines []byte) (known int64, err error) {
	for {
		var done replay.Pushed
		if err := o.host.send(ctx, "/api/replay/events", url.Values{"route": {o.route}, "again": {o.again}}, lines, &done); err != nil {
			return 0, err
		}
		if done.Waiting == "" {
			if done.Known {
				known = int64(done.Events)
			}
			return known, nil
		}
		if err := waiting(ctx, p, share, done.Waiting); err != nil {
			return 0, err
		}
	}
}
