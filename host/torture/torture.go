// Package torture collects what came of tests under faults, for the table that
// `make torture` prints.
package torture

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// Row is what came of one scenario. What was not measured is zero and left out
// of the table.
type Row struct {
	Scenario      string  `json:"scenario"`
	Cycles        int     `json:"cycles"`
	Acknowledged  int     `json:"acknowledged"`
	DeliveredOnce int     `json:"delivered_once"`
	DeliveredMore int     `json:"delivered_more"`
	Lost          int     `json:"lost"`
	Slowdown      float64 `json:"slowdown"`  // of what the fault does not concern: 0.1 is a tenth slower
	Compared      bool    `json:"compared"`  // Slowdown was measured
	PeakMemoryMB  int     `json:"memory_mb"` // resident, of the process under test
	Note          string  `json:"note"`
}

// MostSlowdown is how much slower other routes may get while one sink is in
// trouble, where that can be measured: over a minute, on a machine that does
// nothing else.
const MostSlowdown = 0.1

// stall is what is taken for one where it cannot be measured.
const stall = 0.6

// Variable names the file that rows are appended to, one line of JSON each.
const Variable = "WEIR_TORTURE_REPORT"

// Long asks for the long form of tests: hours rather than seconds, in all.
func Long() bool { return os.Getenv("WEIR_TORTURE") != "" }

// Report fails the test if anything was lost or others were slowed down, logs
// the row, and appends it to the file that [Variable] names.
func (r Row) Report(t testing.TB) {
	t.Helper()
	if r.Lost > 0 {
		t.Errorf("%s: %d of %d acknowledged are lost", r.Scenario, r.Lost, r.Acknowledged)
	}
	most := stall
	if Long() {
		most = MostSlowdown
	}
	if r.Compared && r.Slowdown >= most {
		t.Errorf("%s: others were %.0f %% slower, want less than %.0f %%", r.Scenario, 100*r.Slowdown, 100*most)
	}
	t.Log(r)
	path := os.Getenv(Variable)
	if path == "" {
		return
	}
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

func (r Row) String() string {
	return fmt.Sprintf("%s: cycles %d, acknowledged %d, delivered once %d, more than once %d, lost %d, others slower by %.1f %%, peak %d MB. %s",
		r.Scenario, r.Cycles, r.Acknowledged, r.DeliveredOnce, r.DeliveredMore, r.Lost, 100*r.Slowdown, r.PeakMemoryMB, r.Note)
}
