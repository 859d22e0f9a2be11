// Package need finds the parts a test runs against (a browser, a database, a
// CDN runtime, the compiled edge module) and skips the test by name when one
// is missing:
//
//	postgres := need.Tool(t, "postgres")
//
// A skip is never silent: it prints one line that edge/toolchain/report
// gathers. With WEIR_REQUIRE=all, as in .ci/run, a missing part fails the test
// instead, unless [Impossible] says why it cannot be had. WEIR_REQUIRE may also
// name parts, separated by commas.
package need

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// Impossible lists the parts that some machine was proven unable to have, each
// with its reason. They skip even under WEIR_REQUIRE=all. A part leaves the
// list the day it can be had.
var Impossible = map[string]string{
	"vulnerability-database":      "govulncheck fetches it from the network, and the pipeline has none",
	"timescaledb":                 "found in none of the registries that .tools/setup installs from: install the extension from its makers' repository",
	"materialize":                 "found in none of the registries that .tools/setup installs from: set WEIR_MATERIALIZE to the connection string of one",
	"data:iglu-central":           "not part of the repository and in no package registry: set WEIR_DATA to the folder that holds it",
	"data:JSON-Schema-Test-Suite": "not part of the repository and in no package registry: set WEIR_DATA to the folder that holds it",
}

// Tool returns the path of a part that this package knows how to find; see
// finders for their names. It skips or fails the test when the part is
// missing, and fails it when the name is unknown.
func Tool(t testing.TB, name string) string {
	t.Helper()
	find, ok := finders[name]
	if !ok {
		t.Fatalf("need: no part is called %q; add it to finders in edge/toolchain/need/find.go or use need.Part", name)
	}
	return Part(t, name, find)
}

// Part returns what find found. When find fails, the test is skipped by the
// part's name, or fails if WEIR_REQUIRE asks for the part.
func Part(t testing.TB, name string, find func() (string, error)) string {
	t.Helper()
	path, err := find()
	if err == nil {
		return path
	}
	missing := Missing{Part: name, Reason: err.Error()}
	if reason, ok := Impossible[name]; ok {
		missing.Reason = reason
	}
	if Required(name) {
		t.Fatal(missing)
	}
	t.Skip(missing)
	return ""
}

// Required reports whether WEIR_REQUIRE asks for a part that is not [Impossible].
func Required(name string) bool {
	if _, ok := Impossible[name]; ok {
		return false
	}
	setting := os.Getenv("WEIR_REQUIRE")
	return setting == "all" || slices.Contains(strings.Split(setting, ","), name)
}

// Ran records that a suite ran on a runtime, for the closing table of `make test`:
//
//	need.Ran(t, "golden", "workerd")
func Ran(t testing.TB, suite, runtime string) {
	t.Helper()
	t.Log(Run{Suite: suite, Runtime: runtime})
}

// Missing is the line printed for a part that was not found.
type Missing struct{ Part, Reason string }

const missingPrefix = "weir-need missing "

func (m Missing) String() string { return fmt.Sprintf("%s%s: %s", missingPrefix, m.Part, m.Reason) }

// ParseMissing finds a [Missing] in a line of test output.
func ParseMissing(line string) (Missing, bool) {
	_, rest, ok := strings.Cut(line, missingPrefix)
	if !ok {
		return Missing{}, false
	}
	part, reason, ok := strings.Cut(strings.TrimSpace(rest), ": ")
	return Missing{part, reason}, ok
}

// Run is the line printed for a suite that ran on a runtime.
type Run struct{ Suite, Runtime string }

const runPrefix = "weir-need ran "

func (r Run) String() string { return fmt.Sprintf("%s%s on %s", runPrefix, r.Suite, r.Runtime) }

// ParseRun finds a [Run] in a line of test output.
func ParseRun(line string) (Run, bool) {
	_, rest, ok := strings.Cut(line, runPrefix)
	if !ok {
		return Run{}, false
	}
	suite, runtime, ok := strings.Cut(strings.TrimSpace(rest), " on ")
	return Run{suite, runtime}, ok
}
