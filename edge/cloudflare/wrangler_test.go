package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
)

// wrangler itself says whether the project could be deployed as it stands.
func TestWranglerAcceptsTheProject(t *testing.T) {
	need.Tool(t, "edge.wasm")
	wrangler := need.Package(t, "wrangler")
	root, err := need.Root()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	// The Node of the lock file: wrangler wants a newer one than some systems have.
	bin := filepath.Join(filepath.Dir(wrangler), ".bin")
	deploy := exec.Command(filepath.Join(bin, "wrangler"), "deploy", "--dry-run", "--outdir", out)
	deploy.Dir = root
	deploy.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "CI=1", "WRANGLER_SEND_METRICS=false", "WRANGLER_LOG_PATH="+t.TempDir())
	said, err := deploy.CombinedOutput()
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
	need.Ran(t, "dry run", "wrangler")
}
