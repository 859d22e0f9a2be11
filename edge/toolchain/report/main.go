// Report closes a test run. Steps of a run leave files in one folder:
//
//	name.status  the step's exit status; its presence makes the step
//	name.json    what `go test -json` printed, if the step is a suite of tests
//	name.txt     everything else the step printed
//
// Report reads the folder and prints what each package did, which suite ran on
// which runtime, every skip with its reason, and last one plain line:
//
//	812 passed, 0 failed, 2 skipped
//
// It exits with 1 if anything failed, including what never reached a test: a
// package that does not build, a test that did not finish, a suite without
// tests, or an exit status that no failing test accounts for.
//
//	report folder           print the summary
//	go test -json | report  show packages as they finish
package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		follow(os.Stdin, os.Stdout)
		return
	}
	steps, err := readFolder(os.DirFS(os.Args[1]))
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
	if total := summarise(os.Stdout, steps); total.failed > 0 {
		os.Exit(1)
	}
}
