package journaltest

import (
	"encoding/json"
	"os"
	"testing"
)

// Row is what came of one scenario under faults.
type Row struct {
	Scenario      string `json:"scenario"`
	Cycles        int    `json:"cycles"`
	Acknowledged  int    `json:"acknowledged"`
	DeliveredOnce int    `json:"deliveredOnce"`
	DeliveredMore int    `json:"deliveredMore"`
	Lost          int    `json:"lost"`
	PeakMemoryMB  int    `json:"peakMemoryMB"`
	Note          string `json:"note"`
}

// Report logs the row, and appends it as a line of JSON to the file that
// WEIR_TORTURE_REPORT names.
func (r Row) Report(t testing.TB) {
	t.Helper()
	t.Logf("%s: cycles %d, acknowledged %d, delivered once %d, more than once %d, lost %d, peak %d MB. %s",
		r.Scenario, r.Cycles, r.Acknowledged, r.DeliveredOnce, r.DeliveredMore, r.Lost, r.PeakMemoryMB, r.Note)
	path := os.Getenv("WEIR_TORTURE_REPORT")
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
