package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"weir/edge/toolchain/need"
)

// event is one line of `go test -json`; see `go doc cmd/test2json`.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of build-output and build-fail
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string
}

// suite is what one `go test -json` did.
type suite struct {
	packages map[string]*pkg
	builds   map[string]*strings.Builder // compiler output by import path
	runs     map[need.Run]bool
	garbage  []string // lines that are not events: go itself complaining
}

type pkg struct {
	path    string
	result  string // pass, fail, skip; "" if the run ended before the package did
	elapsed float64
	build   string // import path whose compilation failed
	output  []string
	tests   map[string]*test
}

type test struct {
	name   string
	result string
	output []string
}

// readSuite reads to the end of r. A line that is not an event is kept, not an error.
func readSuite(r io.Reader) (*suite, error) {
	s := &suite{
		packages: map[string]*pkg{},
		builds:   map[string]*strings.Builder{},
		runs:     map[need.Run]bool{},
	}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) != nil {
				s.garbage = append(s.garbage, strings.TrimSpace(string(line)))
			} else {
				s.add(e)
			}
		}
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return nil, fmt.Errorf("reading test events: %w", err)
		}
	}
}

func (s *suite) add(e event) {
	if e.ImportPath != "" {
		b := s.builds[e.ImportPath]
		if b == nil {
			b = &strings.Builder{}
			s.builds[e.ImportPath] = b
		}
		b.WriteString(e.Output)
		return
	}
	p := s.packages[e.Package]
	if p == nil {
		p = &pkg{path: e.Package, tests: map[string]*test{}}
		s.packages[e.Package] = p
	}
	if e.Test == "" {
		switch e.Action {
		case "output":
			p.output = append(p.output, e.Output)
		case "pass", "fail", "skip":
			p.result, p.elapsed, p.build = e.Action, e.Elapsed, e.FailedBuild
		}
		return
	}
	t := p.tests[e.Test]
	if t == nil {
		t = &test{name: e.Test}
		p.tests[e.Test] = t
	}
	switch e.Action {
	case "output":
		t.output = append(t.output, e.Output)
		if run, ok := need.ParseRun(e.Output); ok {
			s.runs[run] = true
		}
	case "pass", "fail", "skip":
		t.result = e.Action
	}
}

// failure is one thing that went wrong, with what was printed about it.
type failure struct {
	where  string
	output []string
}

// skip is one test that did not run.
type skip struct{ where, reason string }

// outcome counts the tests that have no subtests of their own, so that a table
// test counts once a row.
type outcome struct {
	passed   int
	failures []failure
	skips    []skip
}

func (p *pkg) outcome(builds map[string]*strings.Builder) outcome {
	var o outcome
	for _, name := range slices.Sorted(maps.Keys(p.tests)) {
		t := p.tests[name]
		switch {
		case t.result == "" && !p.childFailed(name):
			o.failures = append(o.failures, failure{p.path + " " + name + " did not finish", t.output})
		case t.result == "fail" && !p.childFailed(name):
			o.failures = append(o.failures, failure{p.path + " " + name, t.output})
		case t.result == "skip":
			o.skips = append(o.skips, skip{p.path + " " + name, skipReason(t.output)})
		case t.result == "pass" && !p.hasChild(name):
			o.passed++
		}
	}
	if len(o.failures) > 0 {
		return o
	}
	switch {
	case p.build != "":
		var output []string
		if b := builds[p.build]; b != nil {
			output = strings.SplitAfter(b.String(), "\n")
		}
		o.failures = append(o.failures, failure{p.path + " does not build", output})
	case p.result == "fail":
		o.failures = append(o.failures, failure{p.path + " failed outside its tests", p.output})
	case p.result == "":
		o.failures = append(o.failures, failure{p.path + " did not finish", p.output})
	}
	return o
}

func (p *pkg) hasChild(name string) bool {
	for other := range p.tests {
		if strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

func (p *pkg) childFailed(name string) bool {
	for other, t := range p.tests {
		if strings.HasPrefix(other, name+"/") && t.result != "pass" && t.result != "skip" {
			return true
		}
	}
	return false
}

// skipReason is what the test printed before its "--- SKIP" line.
func skipReason(output []string) string {
	var reason string
	for _, line := range output {
		if m, ok := need.ParseMissing(line); ok {
			return m.Part + ": " + m.Reason
		}
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "--- ") {
			reason = line
		}
	}
	if reason == "" {
		return "no reason given"
	}
	if place, text, ok := strings.Cut(reason, ": "); ok && strings.Contains(place, ".go:") {
		return text
	}
	return reason
}
