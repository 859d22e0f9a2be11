package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"weir/edge/toolchain/need"
)

// skipStatus is how a step says that it could not run; the last line it printed is the reason.
const skipStatus = 77

// step is one command of the run.
type step struct {
	name   string
	status int
	suite  *suite   // nil for a step that is not a suite of tests
	output []string // what else it printed
}

// readFolder reads the steps in dir, in the order of their names.
func readFolder(dir fs.FS) ([]step, error) {
	names, err := fs.Glob(dir, "*.status")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("no step left a status: nothing ran")
	}
	slices.Sort(names)
	var steps []step
	for _, file := range names {
		s := step{name: strings.TrimSuffix(file, ".status")}
		text, err := fs.ReadFile(dir, file)
		if err != nil {
			return nil, err
		}
		if s.status, err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return nil, fmt.Errorf("reading the status of step %s: %w", s.name, err)
		}
		if text, err := fs.ReadFile(dir, s.name+".txt"); err == nil && len(text) > 0 {
			s.output = strings.SplitAfter(string(text), "\n")
		}
		events, err := dir.Open(s.name + ".json")
		if err == nil {
			s.suite, err = readSuite(events)
			events.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("reading step %s: %w", s.name, err)
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// outcome judges a step by its status, a suite by its packages as well.
func (s *step) outcome() outcome {
	if s.suite == nil {
		switch s.status {
		case 0:
			return outcome{passed: 1}
		case skipStatus:
			if !s.lacksRequired() {
				return outcome{skips: []skip{{s.name, skipReason(s.output)}}}
			}
		}
		return outcome{failures: []failure{{fmt.Sprintf("%s exited with %d", s.name, s.status), s.output}}}
	}
	var all outcome
	for _, p := range s.suite.packages {
		o := p.outcome(s.suite.builds)
		all.passed += o.passed
		all.failures = append(all.failures, o.failures...)
		all.skips = append(all.skips, o.skips...)
	}
	said := append(s.suite.garbage, s.output...)
	switch {
	case len(all.failures) > 0:
	case s.status != 0:
		all.failures = append(all.failures, failure{fmt.Sprintf("%s exited with %d though no test failed", s.name, s.status), said})
	case all.passed+len(all.skips) == 0:
		all.failures = append(all.failures, failure{s.name + " ran no test", said})
	}
	slices.SortFunc(all.failures, func(a, b failure) int { return strings.Compare(a.where, b.where) })
	slices.SortFunc(all.skips, func(a, b skip) int { return strings.Compare(a.where, b.where) })
	return all
}

// lacksRequired reports whether a step could not run for want of a part that WEIR_REQUIRE asks for.
func (s *step) lacksRequired() bool {
	return slices.ContainsFunc(s.output, func(line string) bool {
		missing, ok := need.ParseMissing(line)
		return ok && need.Required(missing.Part)
	})
}
