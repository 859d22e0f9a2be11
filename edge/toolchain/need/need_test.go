package need

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// recorder stands in for a test, so that skipping and failing can be watched.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Skip(args ...any)          { r.skipped = fmt.Sprint(args...); panic(r) }
func (r *recorder) Fatal(args ...any)         { r.failed = fmt.Sprint(args...); panic(r) }
func (r *recorder) Fatalf(f string, a ...any) { r.Fatal(fmt.Sprintf(f, a...)) }

func watch(t *testing.T, f func(testing.TB) string) (path string, r *recorder) {
	r = &recorder{TB: t}
	defer func() {
		if stop := recover(); stop != nil && stop != any(r) {
			panic(stop)
		}
	}()
	return f(r), r
}

func absent() (string, error) { return "", errors.New("not here: install it") }

func TestMissingPart(t *testing.T) {
	for _, tt := range []struct {
		require, impossible string
		skip, fail          string
	}{
		{"", "", "weir-need missing gadget: not here: install it", ""},
		{"other", "", "weir-need missing gadget: not here: install it", ""},
		{"all", "", "", "weir-need missing gadget: not here: install it"},
		{"other,gadget", "", "", "weir-need missing gadget: not here: install it"},
		{"all", "no such machine", "weir-need missing gadget: no such machine", ""},
	} {
		t.Setenv("WEIR_REQUIRE", tt.require)
		if tt.impossible != "" {
			Impossible["gadget"] = tt.impossible
		}
		_, r := watch(t, func(tb testing.TB) string { return Part(tb, "gadget", absent) })
		delete(Impossible, "gadget")
		if r.skipped != tt.skip || r.failed != tt.fail {
			t.Errorf("WEIR_REQUIRE=%q: skipped %q, failed %q; want %q, %q", tt.require, r.skipped, r.failed, tt.skip, tt.fail)
		}
		got, ok := ParseMissing("    x_test.go:1: " + r.skipped + r.failed + "\n")
		if !ok || got.Part != "gadget" || got.Reason == "" {
			t.Errorf("ParseMissing = %+v, %v", got, ok)
		}
	}
}

func TestFoundPart(t *testing.T) {
	t.Setenv("WEIR_REQUIRE", "all")
	path, r := watch(t, func(tb testing.TB) string { return Tool(tb, "go") })
	if path == "" || r.skipped != "" || r.failed != "" {
		t.Errorf("path %q, skipped %q, failed %q", path, r.skipped, r.failed)
	}
}

func TestUnknownNameFails(t *testing.T) {
	t.Setenv("WEIR_REQUIRE", "")
	_, r := watch(t, func(tb testing.TB) string { return Tool(tb, "gizmo") })
	if r.failed == "" {
		t.Error("an unknown name must fail, not skip: a misspelling would hide the test for ever")
	}
}

func TestDataFollowsEnvironment(t *testing.T) {
	t.Setenv("WEIR_REQUIRE", "")
	dir := t.TempDir()
	t.Setenv("WEIR_DATA", dir)
	want := filepath.Join(dir, "corpus")
	if err := os.Mkdir(want, 0o755); err != nil {
		t.Fatal(err)
	}
	if got, _ := watch(t, func(tb testing.TB) string { return Data(tb, "corpus") }); got != want {
		t.Errorf("Data = %q, want %q", got, want)
	}
}

func TestParseRun(t *testing.T) {
	got, ok := ParseRun("    suite.go:9: " + Run{"golden", "workerd"}.String() + "\n")
	if !ok || got != (Run{"golden", "workerd"}) {
		t.Errorf("ParseRun = %+v, %v", got, ok)
	}
	if _, ok := ParseRun("ran out of patience"); ok {
		t.Error("ParseRun took a line that is not its own")
	}
}
