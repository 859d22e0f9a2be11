package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"weir/edge/signature"
	"weir/edge/wazero"
	"weir/host/doctor"
	"weir/schemas/bundle"
)

func doctorCommand() *cobra.Command {
	var (
		cfg    doctor.Config
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "doctor EDGE",
		Short: "Examine an edge from outside, and say what to fix",
		Long: `Examine an edge as trackers and browsers meet it: name, certificate, CORS,
cookies, clock. Then send an event, of app_id weir-doctor, and follow it to the
host that --admin names: was it stored, and with which verdict?

  WEIR_SECRET       the host's secret, to see whether the host takes it
  WEIR_ADMIN_TOKEN  the token of the host's admin listener

It exits with 0 when nothing failed, 1 when something did, 2 when it was called wrongly.`,
		Example: `  weir doctor https://events.example.com
  fly proxy 8082 & weir doctor https://events.example.com --host https://weir.fly.dev --admin http://127.0.0.1:8082`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg.Edge = args[0]
			cfg.Token = os.Getenv("WEIR_ADMIN_TOKEN")
			if text := os.Getenv("WEIR_SECRET"); text != "" {
				secret, err := signature.ParseSecret(text)
				if err != nil {
					return usageError{fmt.Errorf("reading WEIR_SECRET: %w", err)}
				}
				cfg.Secret = secret
			}
			cfg.Version, cfg.Bundle = buildVersion(), ownBundle()
			report, err := doctor.Run(cmd.Context(), cfg)
			if err != nil {
				return usageError{err}
			}
			if asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				err = report.WriteText(cmd.OutOrStdout())
			}
			if err == nil && report.Failed() > 0 {
				err = errFound
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Host, "host", "", "base URL of the host's public listener")
	f.StringVar(&cfg.Admin, "admin", "", "base URL of its admin listener")
	f.StringVar(&cfg.Path, "path", "", "where trackers post to (default /com.snowplowanalytics.snowplow/tp2)")
	f.StringVar(&cfg.Origin, "origin", "", "origin of a page with a tracker, if the settings list those allowed")
	f.StringVar(&cfg.Schema, "schema", "", "schema of the event to send (default a link_click)")
	f.StringVar(&cfg.Data, "data", "", "its data, as JSON")
	f.DurationVar(&cfg.Wait, "wait", 15*time.Second, "how long the event may take to the host")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// ownBundle is the hash of the schemas in this program, "" without any.
func ownBundle() string {
	data, err := wazero.DefaultBundle()
	if err != nil {
		return ""
	}
	opened, err := bundle.Open(data)
	if err != nil {
		return ""
	}
	return opened.Hash()
}
