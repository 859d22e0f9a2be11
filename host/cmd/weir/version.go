package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"weir/edge/envelope"
	"weir/host"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which weir this is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "weir %s, envelope format %d, %s %s/%s\n",
				buildVersion(), envelope.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// buildVersion is the release that the linker set (-ldflags "-X weir/host.Version=v1.2.3"),
// else the commit that the go command stamped.
func buildVersion() string {
	if host.Version != "dev" {
		return host.Version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return host.Version
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "-modified"
		}
	}
	if len(commit) < 12 {
		return host.Version
	}
	return commit[:12] + dirty
}
