// Command weir is the collector's host, its edge in a plain process, and the
// tools around both. Run it without arguments for a list.
//
// It exits with 0 on success, 1 when what it was asked to do failed or found a
// fault, and 2 when it was called wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	_ "weir/sinks/all"
)

func main() { os.Exit(run()) }

// errFound ends a command that has printed its findings: there is nothing to add.
var errFound = errors.New("faults were found")

// usageError is a command line that cannot be obeyed.
type usageError struct{ error }

func run() int {
	// The first signal drains; a second one, no longer caught, ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)

	err := root().ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errFound):
		return 1
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "weir: %v\n", err)
		return 2
	}
	fmt.Fprintf(os.Stderr, "weir: %v\n", err)
	return 1
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:           "weir",
		Short:         "Collect events at the edge: judged, de-identified and acknowledged when stored",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		devCommand(), hostCommand(), edgeCommand(), doctorCommand(),
		schemasCommand(), privacyCommand(), configCommand(),
		tailCommand(), failedCommand(), deadletterCommand(), replayCommand(),
		versionCommand(),
	)
	cmd.CompletionOptions.HiddenDefaultCmd = true
	markUsageErrors(cmd)
	return cmd
}

// markUsageErrors makes faults of the command line tell themselves from faults of the work.
func markUsageErrors(cmd *cobra.Command) {
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nTry: %s --help", err, cmd.CommandPath())}
	})
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usageError{fmt.Errorf("%w\nTry: %s --help", err, cmd.CommandPath())}
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		markUsageErrors(sub)
	}
}

// group is a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, args []string) error { return cmd.Help() },
	}
	cmd.AddCommand(commands...)
	return cmd
}
