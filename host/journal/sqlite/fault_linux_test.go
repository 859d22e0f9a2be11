package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/torture"
)

// TestTortureInjectedFaults lets calls of the system fail, one sort and one
// moment at a time. Whatever the writer was told is safe is there at the next
// start, which deletes nothing.
func TestTortureInjectedFaults(t *testing.T) {
	strace := need.Tool(t, "strace")
	moments := []int{1, 25}
	if torture.Long() {
		moments = nil
		for n := 1; n <= 60; n++ {
			moments = append(moments, n)
		}
	}
	t.Setenv(lifetime, "400ms")
	for _, fault := range []struct{ calls, errno string }{
		{"fsync,fdatasync", "EIO"}, {"pwrite64", "ENOSPC"}, {"pwrite64", "EIO"}, {"pread64", "EIO"}, {"openat", "EMFILE"}, {"openat", "EACCES"},
	} {
		t.Run(fault.calls+" "+fault.errno, func(t *testing.T) {
			dir, acked, settled := t.TempDir(), map[string]string{}, int64(1)
			struck, heard := 0, 0
			for cycle, n := range moments {
				trace := filepath.Join(t.TempDir(), "trace")
				// Only the store's own files: the runtime opens and reads others.
				w := startWriter(t, dir, strace, "-f", "-o", trace, "-e", "trace="+fault.calls,
					"-P", filepath.Join(dir, "journal.db"), "-P", filepath.Join(dir, "journal.db-wal"),
					"-e", fmt.Sprintf("inject=%s:error=%s:when=%d+", fault.calls, fault.errno, n))
				settled = max(settled, w.listen(t, acked))
				text, err := os.ReadFile(trace)
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(text), "INJECTED") {
					struck++
				}
				if len(w.errors) > 0 {
					heard++
				}
				verifyAfterKill(t, dir, cycle, acked, settled)
				if t.Failed() {
					return
				}
			}
			if struck == 0 {
				t.Error("no fault was injected: the test proves nothing")
			}
			torture.Row{Scenario: "SQLite: " + fault.calls + " fails with " + fault.errno, Cycles: len(moments), Acknowledged: len(acked), DeliveredOnce: len(acked),
				Note: fmt.Sprintf("struck in %d cycles, told to senders or refused at start in %d", struck, heard)}.Report(t)
		})
	}
}
