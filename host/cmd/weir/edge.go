package main

import (
	"fmt"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"weir/edge/forward"
	"weir/edge/signature"
)

func edgeCommand() *cobra.Command {
	var (
		listen, settings, bundle string
		engine                   = engineWasm
		proxies                  []string
		logs                     logOptions
	)
	cmd := &cobra.Command{
		Use:   "edge",
		Short: "Run the edge in a plain process, in front of one or more hosts",
		Long: `Run the edge in a plain process: trackers in, signed batches out.

  WEIR_HOST    base URL of the host, or several in order of preference, separated by commas
  WEIR_SECRET  the secret shared with the host, whsec_…`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := logs.logger(cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if os.Getenv("WEIR_SECRET") == "" {
				return usageError{fmt.Errorf("WEIR_SECRET is not set: give the edge the secret of its host")}
			}
			secret, err := signature.ParseSecret(os.Getenv("WEIR_SECRET"))
			if err != nil {
				return usageError{fmt.Errorf("reading WEIR_SECRET: %w", err)}
			}
			o := edgeOptions{
				listen: listen, engine: engine, secret: secret,
				hosts: forward.ParseHosts(os.Getenv("WEIR_HOST")), log: log,
			}
			for _, text := range proxies {
				prefix, err := netip.ParsePrefix(text)
				if err != nil {
					return usageError{fmt.Errorf("reading --trust-proxy: %w", err)}
				}
				o.proxies = append(o.proxies, prefix)
			}
			if o.settings, err = optionalFile(settings); err != nil {
				return err
			}
			if o.bundle, err = optionalFile(bundle); err != nil {
				return err
			}
			e, err := startEdge(cmd.Context(), o)
			if err != nil {
				return err
			}
			log.Info("edge is listening", "address", e.addr, "engine", e.engine)
			return e.wait(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8080", "address and port; port 0 takes a free one")
	f.Var(&engine, "engine", `what runs the collector: "wasm", the module a CDN runs, or "native"`)
	f.StringVar(&bundle, "bundle", "", "compiled schemas, from weir schemas compile (default those in the program)")
	f.StringVar(&settings, "settings", "", "JSON file of collector settings")
	f.StringSliceVar(&proxies, "trust-proxy", nil, "address range whose X-Forwarded-For is believed, for example 10.0.0.0/8")
	logs.register(f)
	return cmd
}

func optionalFile(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return os.ReadFile(name)
}
