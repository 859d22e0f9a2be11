// Table prints what came of tests under faults, from the file that they
// appended to. It exits with 1 when something was lost, when others were slowed
// down too much, or when there is no row at all.
//
//	table report.ndjson
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"

	"weir/host/torture"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: table report.ndjson")
		os.Exit(2)
	}
	f, err := os.Open(os.Args[1])
	if err == nil {
		defer f.Close()
		err = print(os.Stdout, f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
}

// print writes one row for each line of in. The error says what is wrong with
// the whole.
func print(out io.Writer, in io.Reader) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "cycles\tacknowledged\tonce\tmore than once\tlost\tothers slower\tpeak memory\t  scenario")
	var errs []error
	rows := 0
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var r torture.Row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return fmt.Errorf("row %d: %w", rows+1, err)
		}
		rows++
		slower, memory, scenario := "", "", r.Scenario
		if r.Compared {
			slower = strconv.FormatFloat(100*r.Slowdown, 'f', 1, 64) + " %"
		}
		if r.PeakMemoryMB > 0 {
			memory = strconv.Itoa(r.PeakMemoryMB) + " MB"
		}
		if r.Note != "" {
			scenario += "; " + r.Note
		}
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%s\t%s\t  %s\n", r.Cycles, r.Acknowledged, r.DeliveredOnce, r.DeliveredMore, r.Lost, slower, memory, scenario)
		if r.Lost > 0 {
			errs = append(errs, fmt.Errorf("%s: %d lost", r.Scenario, r.Lost))
		}
		if r.Compared && r.Slowdown >= torture.MostSlowdown {
			errs = append(errs, fmt.Errorf("%s: others were slowed down", r.Scenario))
		}
	}
	if err := errors.Join(lines.Err(), w.Flush()); err != nil {
		return err
	}
	if rows == 0 {
		return errors.New("there is no row: nothing was put to the test")
	}
	return errors.Join(errs...)
}
