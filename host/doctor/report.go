package doctor

import (
	"fmt"
	"io"
)

// Status is how a check went.
type Status string

// What a check can find.
const (
	OK   Status = "ok"
	Warn Status = "warn" // works, and is not as it should be
	Fail Status = "fail"
	Skip Status = "skip" // could not be looked at
)

// Check is one finding.
type Check struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`        // what was seen
	Fix    string `json:"fix,omitempty"` // what to do about it
}

// Report is what an examination found, in the order in which it looked.
type Report struct {
	Edge   string  `json:"edge"`
	Checks []Check `json:"checks"`
}

// Failed counts the checks that failed.
func (r *Report) Failed() (n int) {
	for _, c := range r.Checks {
		if c.Status == Fail {
			n++
		}
	}
	return n
}

var marks = map[Status]string{OK: "✓", Warn: "!", Fail: "✗", Skip: "-"}

// WriteText writes a line for each check, and one below it for its fix.
func (r *Report) WriteText(w io.Writer) error {
	for _, c := range r.Checks {
		if _, err := fmt.Fprintf(w, "%s %-12s %s\n", marks[c.Status], c.Name, c.Detail); err != nil {
			return err
		}
		if c.Fix == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "  %-12s → %s\n", "", c.Fix); err != nil {
			return err
		}
	}
	return nil
}

func (x *examination) add(name string, status Status, fix, format string, args ...any) {
	x.report.Checks = append(x.report.Checks, Check{name, status, fmt.Sprintf(format, args...), fix})
}

func (x *examination) ok(name, format string, args ...any) { x.add(name, OK, "", format, args...) }
