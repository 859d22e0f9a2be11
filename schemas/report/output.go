package report

// Flag is the output format flag of JSON Schema: nothing but the verdict.
type Flag struct {
	Valid bool `json:"valid"`
}

// Basic is the output format basic: a flat list of output units.
type Basic struct {
	Valid  bool   `json:"valid"`
	Errors []Unit `json:"errors,omitempty"`
	// More counts the errors that are not listed. The format lets
	// implementations add members.
	More int `json:"more,omitempty"`
}

// Unit is an output unit, with the names of JSON Schema 2020-12, section 12.3.
type Unit struct {
	Valid           bool   `json:"valid"`
	KeywordLocation string `json:"keywordLocation"`
	// AbsoluteKeywordLocation is left out where the sources are not at hand or
	// the way leads through a dynamic reference.
	AbsoluteKeywordLocation string `json:"absoluteKeywordLocation,omitempty"`
	InstanceLocation        string `json:"instanceLocation"`
	Error                   string `json:"error"`
	// Actual is the offending value, cut, if it was asked for.
	Actual string `json:"actual,omitempty"`
}

// Flag renders the report in the output format flag.
func (r *Report) Flag() Flag { return Flag{r.Valid()} }

// Basic renders the report in the output format basic. Errors that are no
// keyword's, such as a document that is not JSON, have the empty keyword location.
func (r *Report) Basic() Basic {
	b := Basic{Valid: r.Valid(), More: r.More}
	for i := range r.Violations {
		v := &r.Violations[i]
		b.Errors = append(b.Errors, Unit{
			KeywordLocation:         v.Location,
			AbsoluteKeywordLocation: v.Absolute,
			InstanceLocation:        v.Instance,
			Error:                   v.Message,
			Actual:                  v.Actual,
		})
	}
	return b
}
