package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

type total struct{ passed, failed, skipped int }

// outputLines bounds what is repeated of a failing test: its end says why.
const outputLines = 60

// summarise prints the closing summary and returns what it counted.
func summarise(w io.Writer, steps []step) total {
	var sum total
	var failures []failure
	var skips []skip
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "step\tpackage\tpassed\tfailed\tskipped\tseconds")
	for i := range steps {
		s := &steps[i]
		o := s.outcome()
		sum.passed += o.passed
		sum.failed += len(o.failures)
		sum.skipped += len(o.skips)
		failures = append(failures, o.failures...)
		skips = append(skips, o.skips...)
		if s.suite == nil {
			fmt.Fprintf(table, "%s\t\t%d\t%d\t%d\t\n", s.name, o.passed, len(o.failures), len(o.skips))
			continue
		}
		for _, path := range slices.Sorted(maps.Keys(s.suite.packages)) {
			p := s.suite.packages[path]
			if o := p.outcome(s.suite.builds); len(p.tests) > 0 || len(o.failures) > 0 {
				fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%.1f\n", s.name, path, o.passed, len(o.failures), len(o.skips), p.elapsed)
			}
		}
	}
	table.Flush()
	printRuns(w, steps)
	if len(skips) > 0 {
		fmt.Fprintln(w, "\nskipped:")
		for _, s := range skips {
			fmt.Fprintf(w, "  %s\n      %s\n", s.where, s.reason)
		}
	}
	for _, f := range failures {
		fmt.Fprintf(w, "\nFAIL %s\n", f.where)
		if cut := len(f.output) - outputLines; cut > 0 {
			fmt.Fprintf(w, "    (%d lines before these)\n", cut)
			f.output = f.output[cut:]
		}
		for _, line := range f.output {
			fmt.Fprintf(w, "    %s\n", strings.TrimRight(line, "\n"))
		}
	}
	fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped\n", sum.passed, sum.failed, sum.skipped)
	return sum
}

// printRuns prints which suite ran on which runtime.
func printRuns(w io.Writer, steps []step) {
	runtimes := map[string][]string{}
	for _, s := range steps {
		if s.suite == nil {
			continue
		}
		for run := range s.suite.runs {
			if !slices.Contains(runtimes[run.Suite], run.Runtime) {
				runtimes[run.Suite] = append(runtimes[run.Suite], run.Runtime)
			}
		}
	}
	if len(runtimes) == 0 {
		return
	}
	fmt.Fprintln(w, "\nruntimes:")
	for _, name := range slices.Sorted(maps.Keys(runtimes)) {
		slices.Sort(runtimes[name])
		fmt.Fprintf(w, "  %s: %s\n", name, strings.Join(runtimes[name], ", "))
	}
}

// follow prints a line for each package as it finishes.
func follow(r io.Reader, w io.Writer) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var e event
		if json.Unmarshal(line, &e) == nil && e.Test == "" && e.Package != "" && (e.Action == "pass" || e.Action == "fail") {
			fmt.Fprintf(w, "  %s  %s  %.1fs\n", e.Action, e.Package, e.Elapsed)
		}
		if err != nil {
			return
		}
	}
}
