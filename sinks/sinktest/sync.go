package sinktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
	"weir/sinks"
)

// syncVariable tells a test binary that its syncs are made to fail.
const syncVariable = "WEIR_SINKTEST_SYNC"

// SyncFails has the kernel fail every fsync and fdatasync after the first few
// and expects Write not to acknowledge: a sink that does not sync, or does not
// look at the result, is found out. It runs on Linux, where strace can do that.
func SyncFails(t *testing.T, sink func(t testing.TB, place string) sinks.Sink) {
	const untouched, ok = 12, 42
	if place := os.Getenv(syncVariable); place != "" {
		if err := writeUntilSyncFails(sink(t, place), 10*untouched); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(ok)
	}
	if runtime.GOOS != "linux" {
		t.Skip(need.Missing{Part: "strace", Reason: "it is for Linux"})
	}
	strace := need.Tool(t, "strace")
	trace := filepath.Join(t.TempDir(), "trace")
	child := exec.Command(strace, "-f", "-o", trace, "-e", "trace=fsync,fdatasync",
		"-e", fmt.Sprintf("inject=fsync,fdatasync:error=EIO:when=%d+", untouched), os.Args[0], "-test.run=^"+t.Name()+"$")
	// strace counts for each thread: keep them few.
	child.Env = append(os.Environ(), "GOMAXPROCS=1", syncVariable+"="+t.TempDir())
	out, err := child.CombinedOutput()
	injected, readErr := os.ReadFile(trace)
	if readErr != nil || !strings.Contains(string(injected), "INJECTED") {
		t.Fatalf("no fault was injected: %v, %v\n%s", readErr, err, out)
	}
	if child.ProcessState.ExitCode() != ok {
		t.Errorf("%v\n%s", err, out)
	}
}

// writeUntilSyncFails opens while syncs succeed and writes until one fails.
func writeUntilSyncFails(sink sinks.Sink, most int) error {
	ctx := context.Background()
	if err := sink.Open(ctx); err != nil {
		return fmt.Errorf("opening: %w", err)
	}
	for n := range most {
		err := sink.Write(ctx, sinks.Batch{ID: fmt.Sprint(n), Events: span(1, n, n+1)})
		switch {
		case err == nil:
		case errors.Is(err, sinks.ErrNotConnected):
			return nil
		default:
			return fmt.Errorf("a write after a failed sync gives %w, want ErrNotConnected", err)
		}
	}
	return fmt.Errorf("%d writes were acknowledged without a sync", most)
}
