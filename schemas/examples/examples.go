// Package examples runs the instances that sit beside a schema: those in
// 1-0-0.good.ndjson conform to it, those in 1-0-0.bad.ndjson do not, and say why:
//
//	{"path":"/items","keyword":"minItems","data":{…}}
//
// A path is a JSON pointer into data. A bad example violates what it names and
// nothing else, so that it cannot go on failing for a reason nobody meant; what
// is wrong inside a branch of the named keyword (anyOf, oneOf) belongs to it.
package examples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"

	"weir/schemas/compile"
	"weir/schemas/report"
	"weir/schemas/validate"
)

// Finding is an example that does not do what it should.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // from 1; 0 when it is about the file as a whole
	Message string `json:"message"`
}

func (f Finding) String() string {
	if f.Line == 0 {
		return f.File + ": " + f.Message
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Message)
}

// Result is what a run of examples came to.
type Result struct {
	Good, Bad int       // examples run
	Findings  []Finding // in the order of files and lines
	Without   []string  // keys of schemas that have no examples
}

// Run compiles the sources and runs the examples that root holds beside them.
// The error is about reading and compiling, never about an example.
func Run(root fs.FS, sources []compile.Source, opt compile.Options) (*Result, error) {
	set, err := compile.Set(sources, opt)
	if err != nil {
		return nil, fmt.Errorf("compiling schemas:\n%w", err)
	}
	index, err := compile.NewIndex(sources, opt)
	if err != nil {
		return nil, fmt.Errorf("reading schemas:\n%w", err)
	}
	files, err := fs.Glob(root, "*/*/*/*.ndjson")
	if err != nil {
		return nil, fmt.Errorf("finding examples: %w", err)
	}
	r := runner{set: set, index: index, has: map[string]bool{}}
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, fmt.Errorf("reading examples: %w", err)
		}
		r.file(file, text)
	}
	for _, s := range sources {
		if !r.has[s.Key] {
			r.Without = append(r.Without, s.Key)
		}
	}
	return &r.Result, nil
}

type runner struct {
	Result
	set   *validate.Set
	index *compile.Index
	has   map[string]bool
}

func (r *runner) find(file string, line int, format string, args ...any) {
	r.Findings = append(r.Findings, Finding{file, line, fmt.Sprintf(format, args...)})
}

func (r *runner) file(file string, text []byte) {
	schema, good := strings.CutSuffix(file, ".good.ndjson")
	schema, bad := strings.CutSuffix(schema, ".bad.ndjson")
	if good == bad {
		r.find(file, 0, "the name of a file of examples ends in .good.ndjson or .bad.ndjson")
		return
	}
	key := "iglu:" + schema
	program, ok := r.set.Lookup([]byte(key))
	if !ok {
		r.find(file, 0, "there is no schema %s beside it", schema[strings.LastIndexByte(schema, '/')+1:])
		return
	}
	r.has[key] = true
	n := 0
	for i, line := range bytes.Split(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		n++
		judge := func(doc []byte) []report.Violation {
			return report.New(program.Validate(nil, doc), 0, report.Options{Key: key, Index: r.index}).Violations
		}
		if good {
			r.Good++
			for _, v := range judge(line) {
				r.find(file, i+1, "should be valid: %s", describe(&v))
			}
		} else {
			r.Bad++
			r.bad(file, i+1, line, judge)
		}
	}
	if n == 0 {
		r.find(file, 0, "holds no example")
	}
}

// expectation is a line of a .bad.ndjson file. What it leaves out may be anything.
type expectation struct {
	Path    *string
	Keyword string
	Data    json.RawMessage
}

func (r *runner) bad(file string, number int, line []byte, judge func([]byte) []report.Violation) {
	var want expectation
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&want); err != nil || want.Data == nil {
		r.find(file, number, `a bad example is {"path": …, "keyword": …, "data": …}, with a JSON pointer into data`)
		return
	}
	violations := judge(want.Data)
	named := -1
	for i := range violations {
		if want.matches(&violations[i]) {
			named = i
			break
		}
	}
	if named < 0 {
		r.find(file, number, "should violate %s, but %s", want.String(), list(violations))
		return
	}
	for i := range violations {
		v := &violations[i]
		if i != named && !want.matches(v) && !strings.HasPrefix(v.Location, violations[named].Location+"/") {
			r.find(file, number, "should violate %s alone: %s", want.String(), describe(v))
		}
	}
}

func (e *expectation) matches(v *report.Violation) bool {
	return (e.Path == nil || *e.Path == v.Instance) && (e.Keyword == "" || e.Keyword == v.Keyword)
}

func (e *expectation) String() string {
	what := e.Keyword
	if what == "" {
		what = "something"
	}
	switch {
	case e.Path == nil:
	case *e.Path == "":
		what += " at the root"
	default:
		what += " at " + *e.Path
	}
	return what
}

func list(violations []report.Violation) string {
	if len(violations) == 0 {
		return "is valid"
	}
	var parts []string
	for i := range violations {
		parts = append(parts, describe(&violations[i]))
	}
	return strings.Join(parts, "; ")
}

func describe(v *report.Violation) string {
	s := fmt.Sprintf("%s %s [%s]", v.Path, v.Message, v.Keyword)
	if v.File != "" {
		s += fmt.Sprintf(" (%s:%d:%d)", v.File, v.Line, v.Column)
	}
	return s
}
