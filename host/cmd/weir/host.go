package main

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"weir/host"
	"weir/host/config"
)

func hostCommand() *cobra.Command {
	var file, user string
	var logs logOptions
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Run the host: take batches from edges, store them, deliver them",
		Long: `Run the host. It takes signed batches from edges, answers once they are synced
to its journal, and delivers them to the configured sinks. Without a file it
listens on :8081, keeps everything in ./weir-data and delivers to SQLite there.

SIGTERM stops intake, finishes what is under way and leaves the rest in the
journal for the next start. SIGHUP reads the folders of schemas again.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := logs.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			cfg, err := config.Load(file)
			if err != nil {
				return err
			}
			if user != "" {
				if err := become(user, cfg.DataDir); err != nil {
					return err
				}
			}
			h, err := newHost(cfg, log)
			if err != nil {
				return err
			}
			refresh := make(chan os.Signal, 1)
			signal.Notify(refresh, syscall.SIGHUP)
			defer signal.Stop(refresh)
			go func() {
				for {
					select {
					case <-refresh:
						h.Refresh()
					case <-cmd.Context().Done():
						return
					}
				}
			}()
			return h.Run(cmd.Context())
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "configuration file (default none is needed)")
	cmd.Flags().StringVar(&user, "user", "", "when started by root: give the data directory to this account, uid or uid:gid, and go on as it")
	logs.register(cmd.Flags())
	return cmd
}

func newHost(cfg *config.Config, log *slog.Logger) (*host.Host, error) {
	host.Version = buildVersion()
	return host.New(cfg, log)
}
