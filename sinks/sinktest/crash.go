package sinktest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"weir/sinks"
)

// crashVariable tells a test binary that it is the writer: the place to write
// to and the number of its life.
const crashVariable = "WEIR_SINKTEST_CRASH"

// Crash kills a process that writes (SIGKILL, which nothing can catch) at
// moments spread over its life, several times over the same store, and then
// looks for every event that was acknowledged. It is for sinks that own files.
//
// sink returns a sink that writes to a place, and stored reads that back.
func Crash(t *testing.T, sink func(t testing.TB, place string) sinks.Sink, stored func(t testing.TB, place string) []Stored) {
	const batch, lives = 20, 8
	if at := os.Getenv(crashVariable); at != "" {
		number, place, _ := strings.Cut(at, ":")
		life, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		writeUntilKilled(t, sink(t, place), life, batch)
	}
	place := t.TempDir()
	want := map[string]sinks.Event{}
	for life := range lives {
		for _, n := range writeAndKill(t, fmt.Sprintf("%d:%s", life, place), 1+life*3) {
			for _, e := range Events(uint64(life), (n+1)*batch)[n*batch:] {
				want[e.ID] = e
			}
		}
	}
	// The next process opens the store before anybody reads it.
	last := sink(t, place)
	if err := last.Open(t.Context()); err != nil {
		t.Fatalf("Open after the last kill: %v", err)
	}
	if err := last.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	acknowledged := len(want)
	for _, s := range stored(t, place) {
		if e, ok := want[s.ID]; ok {
			if d := s.differs(e); d != "" {
				t.Errorf("event %s: %s", s.ID, d)
			}
			delete(want, s.ID)
		}
	}
	if len(want) > 0 {
		t.Errorf("%d of %d acknowledged events are lost", len(want), acknowledged)
	}
	t.Logf("%d events acknowledged in %d lives, %d lost", acknowledged, lives, len(want))
}

// writeAndKill runs a writer, kills it after some acknowledgements, and returns
// the batches that it saw acknowledged, those after the kill included.
func writeAndKill(t *testing.T, at string, after int) (batches []int) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), crashVariable+"="+at)
	var said bytes.Buffer
	child.Stderr = &said
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			said.WriteString(lines.Text() + "\n") // the test framework's
			continue
		}
		if batches = append(batches, n); len(batches) == after {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = child.Wait() // killed
	if len(batches) < after {
		t.Fatalf("the writer ended by itself after %d batches:\n%s", len(batches), said.Bytes())
	}
	return batches
}

// writeUntilKilled writes batch after batch and says which was acknowledged.
// It never returns.
func writeUntilKilled(t testing.TB, sink sinks.Sink, life, batch int) {
	ctx := context.Background()
	if err := sink.Open(ctx); err != nil {
		fmt.Println("Open:", err)
		os.Exit(1)
	}
	const most = 10_000 // a writer that nobody kills ends
	for n := range most {
		if err := sink.Write(ctx, sinks.Batch{ID: fmt.Sprint(n), Events: span(uint64(life), n*batch, (n+1)*batch)}); err != nil {
			fmt.Println("Write:", err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
	os.Exit(1)
}
