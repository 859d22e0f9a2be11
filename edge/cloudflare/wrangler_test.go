package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
)

// mostUpload is how large an upload may be, in KiB of gzip.
const mostUpload = 400

var (
	totalUpload = regexp.MustCompile(`Total Upload: [0-9.]+ KiB / gzip: ([0-9.]+) KiB`)
	boundName   = regexp.MustCompile(`env\.(\w+)`)
)

// wrangler itself says whether the project could be deployed as it stands, in
// each of its environments. Only production has a queue: one that nobody made
// would make a deployment fail.
func TestWranglerAcceptsTheProject(t *testing.T) {
	need.Tool(t, "edge.wasm")
	for _, c := range []struct {
		environment string
		bound       []string
	}{
		{"", []string{"WEIR_HOST"}},
		{"staging", []string{"WEIR_HOST"}},
		{"production", []string{"WEIR_HOST", "WEIR_QUEUE"}},
	} {
		t.Run("environment "+c.environment, func(t *testing.T) {
			out := t.TempDir()
			// Without --env wrangler does the same as with an empty one, and warns that there are others.
			said, err := wrangler(t, "deploy", "--dry-run", "--outdir", out, "--env="+c.environment).CombinedOutput()
			if err != nil {
				t.Fatalf("wrangler deploy --dry-run: %v\n%s", err, said)
			}
			// An option it does not know is only a warning, and then does nothing.
			if strings.Contains(string(said), "WARNING") {
				t.Errorf("wrangler warns:\n%s", said)
			}
			for _, pattern := range []string{"worker.js", "*edge.wasm", "*default.bundle"} {
				if found, _ := filepath.Glob(filepath.Join(out, pattern)); len(found) != 1 {
					t.Errorf("the upload holds %d of %s", len(found), pattern)
				}
			}
			size := totalUpload.FindSubmatch(said)
			if size == nil {
				t.Fatalf("wrangler says no size:\n%s", said)
			}
			if kib, err := strconv.ParseFloat(string(size[1]), 64); err != nil || kib > mostUpload {
				t.Errorf("the upload takes %s KiB, want at most %d", size[1], mostUpload)
			}
			var bound []string
			for _, name := range boundName.FindAllSubmatch(said, -1) {
				bound = append(bound, string(name[1]))
			}
			slices.Sort(bound)
			if !slices.Equal(slices.Compact(bound), c.bound) {
				t.Errorf("the Worker is bound to %q, want %q:\n%s", bound, c.bound, said)
			}
			need.Ran(t, "dry run", "wrangler")
		})
	}
}

// wrangler is a command at the top of the repository, with the Node of the lock
// file: it wants a newer one than some systems have.
func wrangler(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(filepath.Dir(need.Package(t, "wrangler")), ".bin")
	cmd := exec.Command(filepath.Join(bin, "wrangler"), args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CI=1", "WRANGLER_SEND_METRICS=false", "WRANGLER_LOG_PATH="+t.TempDir())
	return cmd
}
