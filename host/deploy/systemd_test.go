package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
)

// systemd accepts the units, and finds little that they may do.
func TestUnits(t *testing.T) {
	analyze := need.Tool(t, "systemd-analyze")
	// It looks for the program of each unit.
	program, err := exec.LookPath("true")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"weir-host.service", "weir-edge.service"} {
		text := read(t, name)
		unit := filepath.Join(t.TempDir(), name)
		if !strings.Contains(text, "\nExecStart=/usr/local/bin/weir ") {
			t.Errorf("%s does not run weir", name)
		}
		text = strings.ReplaceAll(text, "/usr/local/bin/weir", program)
		if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		// What it would ignore at the start, it says here, and succeeds.
		out, err := exec.Command(analyze, "verify", "--man=no", "--generators=no", unit).CombinedOutput()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, name) {
				t.Errorf("%s", line)
			}
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		out, err = exec.Command(analyze, "security", "--offline=true", "--threshold=25", unit).CombinedOutput()
		if level := regexp.MustCompile(`Overall exposure level for .*: (\S+)`).FindSubmatch(out); err != nil || level == nil {
			t.Errorf("%s is exposed: %v\n%s", name, err, out)
		} else {
			t.Logf("%s: exposure %s of 10", name, level[1])
		}
	}
}
