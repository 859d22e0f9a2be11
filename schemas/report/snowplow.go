package report

import "fmt"

// ValidationError is the error of a failed event of Snowplow's whose data does
// not conform to its schema: the member "error" of an IgluError in
// iglu:com.snowplowanalytics.snowplow.badrows/schema_violations/jsonschema/2-0-1.
type ValidationError struct {
	Error       string            `json:"error"` // "ValidationError"
	DataReports []ValidatorReport `json:"dataReports"`
}

// ValidatorReport is one violation in it.
type ValidatorReport struct {
	Message string   `json:"message"`           // path and sentence
	Path    string   `json:"path,omitempty"`    // $.a.b
	Keyword string   `json:"keyword,omitempty"` // "" where it only counts what is left out
	Targets []string `json:"targets"`           // what the keyword asked for; for type, what was found before
}

// Snowplow renders the report as the error of a failed event. A member that
// must not be there is, as by Snowplow's validator, a fault of its object and
// stands among the targets. Violations that are not listed are counted in a
// last report, which has no path.
func (r *Report) Snowplow() ValidationError {
	e := ValidationError{Error: "ValidationError", DataReports: []ValidatorReport{}}
	for i := range r.Violations {
		v := &r.Violations[i]
		e.DataReports = append(e.DataReports, ValidatorReport{v.Path + ": " + v.sentence(), v.holder, v.Keyword, v.targets})
	}
	if r.More > 0 {
		e.DataReports = append(e.DataReports, ValidatorReport{Message: fmt.Sprintf("and %d more", r.More), Targets: []string{}})
	}
	return e
}
