package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"weir/edge/forward"
	"weir/edge/listen"
	"weir/edge/serve"
	"weir/edge/signature"
)

func edgeCommand() *cobra.Command {
	var (
		o       = edgeOptions{engine: engineWasm}
		files   edgeFiles
		proxies []string
		secure  edgeTLS
		rates   edgeRates
		logs    logOptions
	)
	cmd := &cobra.Command{
		Use:   "edge",
		Short: "Run the edge in a plain process, in front of one or more hosts",
		Long: `Run the edge in a plain process: trackers in, signed batches out. It speaks
HTTP/1.1 and HTTP/2, with TLS if it is given a certificate or may obtain one.

  WEIR_HOST    base URL of the host, or several in order of preference, separated by commas
  WEIR_SECRET  the secret shared with the host, whsec_…

Schemas are those of --bundle, and before them those that a host has: they are
asked for at the start and every --refresh, and used without a restart.

SIGHUP reads --settings and --bundle again without dropping a request; what
cannot be used is logged and changes nothing. Files of a certificate that are
replaced are noticed without it. SIGTERM stops listening, answers what is under
way and ends; what a host had not taken by then was answered 503.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.log, err = logs.logger(cmd.ErrOrStderr()); err != nil {
				return err
			}
			if o.secret, err = edgeSecret(); err != nil {
				return err
			}
			o.hosts = forward.ParseHosts(os.Getenv("WEIR_HOST"))
			if o.proxies, err = listen.ParseProxies(proxies); err != nil {
				return usageError{fmt.Errorf("reading --trust-proxy: %w", err)}
			}
			if o.proxyProtocol && len(o.proxies) == 0 {
				return usageError{fmt.Errorf("--proxy-protocol needs --trust-proxy: say which proxies are believed")}
			}
			if o.perAddress, o.perApp, err = rates.parse(); err != nil {
				return err
			}
			if err := secure.configure(&o); err != nil {
				return err
			}
			if o.settings, o.bundle, err = files.read(); err != nil {
				return err
			}
			// Without a handler the signal would end the process.
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			e, err := startEdge(cmd.Context(), o)
			if err != nil {
				return err
			}
			o.log.Info("edge is listening", "address", e.addr, "engine", e.engine, "tls", o.tls != nil)
			go e.obey(cmd.Context(), hangups, files)
			return e.wait(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", "127.0.0.1:8080", "address and port; port 0 takes a free one")
	f.Var(&o.engine, "engine", `what runs the collector: "wasm", the module a CDN runs, or "native"`)
	f.StringVar(&files.bundle, "bundle", "", "compiled schemas, from weir schemas compile (default those in the program)")
	f.StringVar(&files.settings, "settings", "", "JSON file of collector settings")
	f.DurationVar(&o.refresh, "refresh", time.Minute, "how often hosts are asked for schemas, and for salts if ids of visitors last a day; 0 is never")
	f.StringSliceVar(&proxies, "trust-proxy", nil, "address or range of proxies whose X-Forwarded-For is believed, for example 10.0.0.0/8")
	f.BoolVar(&o.proxyProtocol, "proxy-protocol", false, "connections of trusted proxies begin with a PROXY header, version 1 or 2")
	f.IntVar(&o.connections, "max-connections", 4096, "connections open at once; beyond it those without a request are closed")
	f.StringVar(&rates.address, "rate-address", "", "requests a second that one address, or /64, may send, with how many at once behind a colon, for example 20:200 (default no bound)")
	f.StringVar(&rates.app, "rate-app", "", "events a second that may be sent as one app, for example 5000:20000 (default no bound)")
	secure.register(f)
	logs.register(f)
	return cmd
}

// edgeRates are bounds as they are written; empty for none.
type edgeRates struct{ address, app string }

func (r edgeRates) parse() (address, app serve.Rate, err error) {
	if r.address != "" {
		if address, err = serve.ParseRate(r.address); err != nil {
			return address, app, usageError{fmt.Errorf("reading --rate-address: %w", err)}
		}
	}
	if r.app != "" {
		if app, err = serve.ParseRate(r.app); err != nil {
			return address, app, usageError{fmt.Errorf("reading --rate-app: %w", err)}
		}
	}
	return address, app, nil
}

func edgeSecret() ([]byte, error) {
	text := os.Getenv("WEIR_SECRET")
	if text == "" {
		return nil, usageError{fmt.Errorf("WEIR_SECRET is not set: give the edge the secret of its host")}
	}
	secret, err := signature.ParseSecret(text)
	if err != nil {
		return nil, usageError{fmt.Errorf("reading WEIR_SECRET: %w", err)}
	}
	return secret, nil
}

// edgeFiles are what an edge reads again when it is asked to. An empty name
// stands for what is in the program.
type edgeFiles struct{ settings, bundle string }

func (f edgeFiles) read() (settings, bundle []byte, err error) {
	if settings, err = optionalFile(f.settings); err != nil {
		return nil, nil, err
	}
	bundle, err = optionalFile(f.bundle)
	return settings, bundle, err
}

func optionalFile(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	return os.ReadFile(name)
}
