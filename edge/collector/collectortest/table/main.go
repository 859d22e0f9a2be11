// Command table reads `go test -json` of the golden suite on every runtime from
// standard input and prints how many cases of each group agree with the golden
// bytes, one column a runtime. It fails when a cell differs from the native
// one, and when a runtime did not run that could have.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"weir/edge/toolchain/need"
)

// column is a runtime and the test that runs the suite on it.
type column struct{ runtime, pkg, test string }

// The first is what the others are held to.
var columns = []column{
	{"native", "weir/edge/collector", "TestGolden"},
	{"wazero", "weir/edge/wazero", "TestGoldenSuite"},
	{"workerd", "weir/edge/cloudflare", "TestGoldenSuite"},
	{"Viceroy", "weir/edge/fastly", "TestGoldenSuiteOnViceroy"},
	{"Extism Go", "weir/edge/extism", "TestGoldenSuite"},
	{"Extism JS", "weir/edge/extism", "TestGoldenSuiteInJavaScript"},
}

func main() {
	t, err := read(os.Stdin)
	if err == nil {
		err = t.print(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "edges:", err)
		os.Exit(1)
	}
}

// table holds the results of cases by column and name.
type table struct {
	cases   []map[string]bool // whether it passed
	skipped []string          // why a column did not run
	output  []string          // of what failed, and of what failed to build
}

func read(r io.Reader) (*table, error) {
	t := &table{skipped: make([]string, len(columns))}
	for range columns {
		t.cases = append(t.cases, map[string]bool{})
	}
	said := map[string][]string{}
	for d := json.NewDecoder(r); ; {
		var e struct{ Action, Package, Test, Output string }
		if err := d.Decode(&e); err == io.EOF {
			return t, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading go test's output: %w", err)
		}
		test, name, isCase := strings.Cut(e.Test, "/")
		i := slices.IndexFunc(columns, func(c column) bool { return c.pkg == e.Package && c.test == test })
		key := e.Package + " " + e.Test
		switch e.Action {
		case "output":
			said[key] = append(said[key], e.Output)
			if m, ok := need.ParseMissing(e.Output); ok && i >= 0 {
				t.skipped[i] = m.Part + ": " + m.Reason
			}
		case "build-output":
			t.output = append(t.output, e.Output)
		case "fail":
			t.output = append(t.output, said[key]...)
			fallthrough
		case "pass":
			if i >= 0 && isCase {
				t.cases[i][name] = e.Action == "pass"
			}
		}
	}
}

// print writes the table and returns an error that says what is not equal.
func (t *table) print(w io.Writer) error {
	groups := map[string][]string{}
	for name := range t.cases[0] {
		group, _, _ := strings.Cut(name, "-")
		groups[group] = append(groups[group], name)
	}
	faults := t.faults()
	row(w, "cases", func(i int) string { return columns[i].runtime })
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		row(w, group, func(i int) string { return t.cell(i, groups[group]) })
	}
	row(w, "all", func(i int) string { return t.cell(i, slices.Collect(maps.Keys(t.cases[0]))) })
	for i, reason := range t.skipped {
		if reason != "" {
			fmt.Fprintf(w, "%s did not run: %s\n", columns[i].runtime, reason)
		}
	}
	for _, line := range t.output {
		io.WriteString(w, line)
	}
	return errors.Join(faults...)
}

func row(w io.Writer, name string, cell func(i int) string) {
	fmt.Fprintf(w, "%-16s", name)
	for i := range columns {
		fmt.Fprintf(w, "%11s", cell(i))
	}
	fmt.Fprintln(w)
}

// cell is how many of the cases agree in a column: one number if all do.
func (t *table) cell(i int, names []string) string {
	if t.skipped[i] != "" && len(t.cases[i]) == 0 {
		return "skipped"
	}
	agree := 0
	for _, name := range names {
		if t.cases[i][name] {
			agree++
		}
	}
	if agree == len(names) {
		return fmt.Sprint(agree)
	}
	return fmt.Sprintf("%d of %d", agree, len(names))
}

func (t *table) faults() (faults []error) {
	if len(t.cases[0]) == 0 {
		faults = append(faults, errors.New("the suite did not run natively: there is nothing to hold the runtimes to"))
	}
	for i, c := range columns {
		if t.skipped[i] != "" && len(t.cases[i]) == 0 {
			if os.Getenv("WEIR_REQUIRE") == "all" {
				faults = append(faults, fmt.Errorf("%s was skipped", c.runtime))
			}
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(t.cases[0])) {
			if passed, ran := t.cases[i][name]; !ran {
				faults = append(faults, fmt.Errorf("%s on %s did not run", name, c.runtime))
			} else if !passed {
				faults = append(faults, fmt.Errorf("%s on %s differs", name, c.runtime))
			}
		}
	}
	return faults
}
