// Package report renders what a document violates for the people and programs
// that must act on it: in the output formats flag and basic of JSON Schema
// (2020-12, section 12), as the error of Snowplow's failed events, and as text
// with the place in the schema file. It runs on hosts.
//
// Violations hold no value of the document, so neither do reports, unless
// [Options.Values] asks for them. Names of members are shown: they are in the paths.
package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

// Options steer a report. The zero value shows all that violations hold.
type Options struct {
	// Key is the schema key or URI that the program was looked up by.
	Key string
	// Index adds absolute keyword locations and places in schema files. It is
	// nil where the sources are not at hand.
	Index *compile.Index
	// Limit is how many violations are rendered; the rest is counted. 0 means
	// all that a run kept, at most [validate.MaxViolations].
	Limit int
	// Values is up to how many bytes of an offending value are shown; 0 shows none.
	Values int
}

// Report is what one document violates. The zero Report is that of a valid one.
type Report struct {
	Violations []Violation
	More       int // violations beyond those
}

// Violation is one keyword that the document broke, rendered.
type Violation struct {
	Keyword  string   // or one of weir's own codes; see [validate.Violation.Keyword]
	Instance string   // JSON pointer into the document
	Path     string   // the same as $.a.b[0]
	Offset   int      // of the value in the document, in bytes
	Location string   // JSON pointer of the keyword, through references; "" for weir's codes
	Absolute string   // URI of the keyword, references resolved; "" if not known
	File     string   // the schema file that holds the keyword, with
	Line     int      // line and
	Column   int      // column in it, from 1; File is "" if not known
	Message  string   // what was expected, a sentence that lacks its subject
	Actual   string   // the value, cut to Options.Values; "" unless asked for
	holder   string   // where Snowplow's validator would put it: at the object
	targets  []string // what Snowplow calls the arguments of the keyword
}

// New renders violations: the result of [validate.Program.Validate], or
// Violations and More of a [validate.Run].
func New(violations []validate.Violation, more int, opt Options) *Report {
	r := &Report{More: more}
	if n := len(violations); opt.Limit > 0 && n > opt.Limit {
		r.More += n - opt.Limit
		violations = violations[:opt.Limit]
	}
	for i := range violations {
		r.Violations = append(r.Violations, opt.render(&violations[i]))
	}
	return r
}

// Valid reports whether there is nothing to report.
func (r *Report) Valid() bool { return len(r.Violations) == 0 && r.More == 0 }

func (opt *Options) render(v *validate.Violation) Violation {
	x := Violation{
		Keyword:  v.Keyword(),
		Instance: string(v.AppendPath(nil)),
		Path:     string(v.AppendDotPath(nil)),
		Offset:   v.Offset(),
		Location: string(v.AppendSchemaPath(nil)),
		Message:  string(v.AppendMessage(nil)),
		targets:  []string{},
	}
	x.holder = x.Path
	expected := string(v.AppendExpected(nil))
	if opt.Index != nil {
		if p, ok := opt.Index.Place(opt.Key, x.Location); ok && x.Location != "" {
			x.Absolute, x.File, x.Line, x.Column = p.URI, p.Path, p.Line, p.Column
			if x.Keyword == "pattern" && json.Unmarshal(p.Value, &expected) == nil {
				x.Message = "must match the pattern " + expected
			}
		}
	}
	holder, name, ok := v.AppendHolderPath(nil, nil)
	switch {
	case ok:
		x.holder, x.targets = string(holder), []string{string(name)}
	case x.Keyword == "type":
		x.targets = []string{v.Type(), expected}
	case expected != "":
		x.targets = []string{expected}
	}
	if opt.Values > 0 {
		x.Actual = capped(v.Value(), opt.Values)
	}
	return x
}

// capped cuts a value to n bytes, between characters, and marks the cut.
func capped(value []byte, n int) string {
	if len(value) <= n {
		return string(value)
	}
	for n > 0 && !utf8.RuneStart(value[n]) {
		n--
	}
	return string(value[:n]) + "…"
}

// sentence is the message with the value that was found, if asked for.
func (v *Violation) sentence() string {
	if v.Actual == "" {
		return v.Message
	}
	return v.Message + ", found " + v.Actual
}

// String renders the report as text, two lines a violation: what is wrong with
// which value, and where the schema says so. It ends with a newline unless the
// report is empty.
func (r *Report) String() string { return r.text(func(*Violation) string { return "" }) }

// Text is String with the place of each value before it, as compilers write
// it, so that editors find it. Name is that of the file, source all of it, and
// start where in it the document begins.
func (r *Report) Text(name string, source []byte, start int) string {
	return r.text(func(v *Violation) string {
		before := source[:min(start+v.Offset, len(source))]
		return fmt.Sprintf("%s:%d:%d: ", name, 1+bytes.Count(before, []byte("\n")), len(before)-bytes.LastIndexByte(before, '\n'))
	})
}

func (r *Report) text(place func(*Violation) string) string {
	var b strings.Builder
	for i := range r.Violations {
		v := &r.Violations[i]
		fmt.Fprintf(&b, "%s%s: %s [%s]\n", place(v), v.Path, v.sentence(), v.Keyword)
		switch {
		case v.File != "":
			fmt.Fprintf(&b, "\t%s:%d:%d: %s\n", v.File, v.Line, v.Column, v.Location)
		case v.Location != "":
			fmt.Fprintf(&b, "\t%s\n", v.Location)
		}
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	return b.String()
}
