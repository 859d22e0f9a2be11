package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"weir/edge/toolchain/need"
)

// TestHonest runs the real go command over packages that go wrong in every way
// known, and checks that none of them looks like success.
func TestHonest(t *testing.T) {
	goTool := need.Tool(t, "go")
	const header = "package p\n\nimport (\n\t\"os\"\n\t\"testing\"\n\t\"time\"\n)\n\nvar _, _, _ = os.Exit, time.Now, testing.Short\n\n"
	for _, tt := range []struct {
		name, source string
		want         total
		say          string // a line of the summary
	}{
		{"pass", `func TestA(t *testing.T) {}`, total{1, 0, 0}, "p        1       0       0"},
		{"rows count, their parent does not", `func TestA(t *testing.T) { t.Run("x", func(*testing.T) {}); t.Run("y", func(*testing.T) {}) }`, total{2, 0, 0}, ""},
		{"fail", `func TestA(t *testing.T) { t.Error("broken") }`, total{0, 1, 0}, "broken"},
		{"parent fails after its rows", `func TestA(t *testing.T) { t.Run("x", func(*testing.T) {}); t.Error("late") }`, total{1, 1, 0}, "late"},
		{"row fails", `func TestA(t *testing.T) { t.Run("x", func(t *testing.T) { t.Fatal("row") }) }`, total{0, 1, 0}, "FAIL p TestA/x"},
		{"skip", `func TestA(t *testing.T) { t.Skip("weir-need missing gadget: buy one") }`, total{0, 0, 1}, "gadget: buy one"},
		{"plain skip", `func TestA(t *testing.T) { t.Skip("too windy") }`, total{0, 0, 1}, "too windy"},
		{"does not build", `func TestA(t *testing.T) { undefined() }`, total{0, 1, 0}, "undefined: undefined"},
		{"vet", `func TestA(t *testing.T) { t.Errorf("%d", "x") }`, total{0, 1, 0}, "does not build"},
		{"panic", `func TestA(t *testing.T) { panic("bang") }`, total{0, 1, 0}, "bang"},
		{"panic elsewhere", `func TestA(t *testing.T) { go func() { panic("aside") }(); select {} }`, total{0, 1, 0}, "aside"},
		{"timeout", `func TestA(t *testing.T) { time.Sleep(time.Hour) }`, total{0, 1, 0}, "test timed out"},
		{"exit 0 inside a test", `func TestA(t *testing.T) { os.Exit(0) }`, total{0, 1, 0}, ""},
		{"exit 3 in TestMain", `func TestMain(m *testing.M) { os.Exit(3) }`, total{0, 1, 0}, "failed outside its tests"},
		{"no test", ``, total{0, 1, 0}, "ran no test"},
		{"ran on a runtime", `func TestA(t *testing.T) { t.Log("weir-need ran golden on workerd") }`, total{1, 0, 0}, "golden: workerd"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "go.mod", "module p\n\ngo 1.26\n")
			write(t, dir, "p_test.go", header+tt.source+"\n")
			cmd := exec.Command(goTool, "test", "-json", "-timeout", "2s", ".")
			cmd.Dir = dir
			var events, printed bytes.Buffer
			cmd.Stdout, cmd.Stderr = &events, &printed
			cmd.WaitDelay = time.Minute
			_ = cmd.Run() // the exit status is read below
			checkSummary(t, fstest.MapFS{
				"s.json":   {Data: events.Bytes()},
				"s.txt":    {Data: printed.Bytes()},
				"s.status": {Data: fmt.Append(nil, cmd.ProcessState.ExitCode(), "\n")},
			}, tt.want, tt.say)
		})
	}
}

func TestStatus(t *testing.T) {
	t.Setenv("WEIR_REQUIRE", "")
	const passing = `{"Action":"pass","Package":"p","Test":"TestA"}` + "\n" + `{"Action":"pass","Package":"p"}` + "\n"
	for _, tt := range []struct {
		name string
		dir  fstest.MapFS
		want total
		say  string
	}{
		{"check passes", fstest.MapFS{"vet.status": {Data: []byte("0\n")}}, total{1, 0, 0}, ""},
		{"check fails", fstest.MapFS{"vet.status": {Data: []byte("1\n")}, "vet.txt": {Data: []byte("x.go:1: oh\n")}}, total{0, 1, 0}, "x.go:1: oh"},
		{"check cannot run", fstest.MapFS{"vuln.status": {Data: []byte("77\n")}, "vuln.txt": {Data: []byte("weir-need missing db: no network\n")}}, total{0, 0, 1}, "db: no network"},
		{"status without a failing test", fstest.MapFS{"s.status": {Data: []byte("2\n")}, "s.json": {Data: []byte(passing)}}, total{1, 1, 0}, "exited with 2 though no test failed"},
		{"cut short", fstest.MapFS{"s.status": {Data: []byte("0\n")}, "s.json": {Data: []byte(`{"Action":"run","Package":"p","Test":"TestA"}` + "\n")}}, total{0, 1, 0}, "p TestA did not finish"},
		{"empty", fstest.MapFS{"s.status": {Data: []byte("0\n")}, "s.json": {Data: nil}}, total{0, 1, 0}, "ran no test"},
		{"go complains", fstest.MapFS{"s.status": {Data: []byte("1\n")}, "s.json": {Data: []byte("go: no such module\n")}}, total{0, 1, 0}, "go: no such module"},
	} {
		t.Run(tt.name, func(t *testing.T) { checkSummary(t, tt.dir, tt.want, tt.say) })
	}
}

// TestRequired lets a step that could not run pass only while its part is not asked for.
func TestRequired(t *testing.T) {
	step := func(part string) fstest.MapFS {
		return fstest.MapFS{"s.status": {Data: []byte("77\n")}, "s.txt": {Data: []byte("weir-need missing " + part + ": none here\n")}}
	}
	t.Setenv("WEIR_REQUIRE", "")
	checkSummary(t, step("gadget"), total{0, 0, 1}, "gadget: none here")
	t.Setenv("WEIR_REQUIRE", "all")
	checkSummary(t, step("gadget"), total{0, 1, 0}, "s exited with 77")
	checkSummary(t, step("vulnerability-database"), total{0, 0, 1}, "vulnerability-database: none here")
}

func TestEmptyFolderIsAnError(t *testing.T) {
	if _, err := readFolder(fstest.MapFS{}); err == nil {
		t.Error("a folder without steps must not look like success")
	}
}

func checkSummary(t *testing.T, dir fstest.MapFS, want total, say string) {
	t.Helper()
	steps, err := readFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if got := summarise(&out, steps); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	last := fmt.Sprintf("\n%d passed, %d failed, %d skipped\n", want.passed, want.failed, want.skipped)
	if !strings.HasSuffix(out.String(), last) || !strings.Contains(out.String(), say) {
		t.Errorf("summary lacks %q or does not end with %q:\n%s", say, last, out.String())
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
