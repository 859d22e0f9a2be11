package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"weir/edge/signature"
	"weir/edge/wazero"
	"weir/host"
	"weir/host/config"
	"weir/host/ui"
	"weir/schemas/compile"
)

func devCommand() *cobra.Command {
	d := dev{engine: engineWasm}
	logs := logOptions{}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run edge, host and a SQLite database in one process, with a demo page",
		Long: `Run everything in one process: no configuration, no network. The demo page is
a small shop with the real Snowplow browser tracker; on the live page its events
appear as they are stored, with verdict, violations and privacy receipts.

Data lives in a temporary folder and is gone afterwards, unless --data keeps it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if d.log, err = logs.logger(cmd.ErrOrStderr()); err != nil {
				return err
			}
			d.out = cmd.OutOrStdout()
			return d.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&d.listen, "listen", "127.0.0.1:8080", "where the edge takes events; port 0 takes a free one")
	f.StringVar(&d.public, "host-listen", "127.0.0.1:8081", "where the host takes batches")
	f.StringVar(&d.admin, "admin-listen", "127.0.0.1:8082", "where the live page and the metrics are")
	f.StringVar(&d.data, "data", "", "folder that keeps journal and database")
	f.StringVar(&d.schemas, "schemas", "", "folder of schemas to judge by (default those in the program)")
	f.Var(&d.engine, "engine", `what runs the collector: "wasm", the module a CDN runs, or "native"`)
	logs.register(f)
	cmd.Flags().Lookup("log-level").DefValue = "warn"
	logs.level = "warn"
	return cmd
}

type dev struct {
	listen, public, admin, data, schemas string
	engine                               engineName
	log                                  *slog.Logger
	out                                  io.Writer
}

func (d *dev) run(ctx context.Context) (err error) {
	if d.data == "" {
		if d.data, err = os.MkdirTemp("", "weir-dev-"); err != nil {
			return fmt.Errorf("making a temporary data folder: %w", err)
		}
		defer os.RemoveAll(d.data)
	}
	cfg := config.Default()
	cfg.DataDir = d.data
	cfg.Public.Listen, cfg.Admin.Listen = d.public, d.admin

	h, err := newHost(cfg, d.log)
	if err != nil {
		return err
	}
	// The host outlives the edge: what the edge still forwards must find it.
	hostContext, stopHost := context.WithCancel(context.WithoutCancel(ctx))
	defer stopHost()
	stopped := make(chan error, 1)
	go func() { stopped <- h.Run(hostContext) }()
	select {
	case err := <-stopped:
		return err
	case <-h.Ready():
	}

	edgeContext, stopEdge := context.WithCancel(ctx)
	defer stopEdge()
	e, err := d.startEdge(edgeContext, h)
	if err != nil {
		stopHost()
		return errors.Join(err, <-stopped)
	}
	h.Announce("http://"+e.addr, "http://"+e.addr+"/demo/")
	d.welcome(e, h)

	edgeDone := make(chan error, 1)
	go func() { edgeDone <- e.wait(edgeContext) }()
	select {
	case err = <-stopped: // a fault of the host ends the edge
		stopEdge()
		return errors.Join(err, <-edgeDone)
	case err = <-edgeDone:
		stopHost()
		return errors.Join(err, <-stopped)
	}
}

func (d *dev) startEdge(ctx context.Context, h *host.Host) (*edgeServer, error) {
	secret, err := signature.ParseSecret(h.Secret())
	if err != nil {
		return nil, err
	}
	bundle, err := d.bundle()
	if err != nil {
		return nil, err
	}
	o := edgeOptions{
		listen: d.listen, engine: d.engine, bundle: bundle, secret: secret,
		hosts: []string{"http://" + h.PublicAddr()}, log: d.log, wrap: d.withDemo(h),
		settings: devSettings(),
	}
	if o.engine == engineWasm {
		if _, err := wazero.Module(); err != nil {
			fmt.Fprintf(d.out, "WARNING: %v.\nWARNING: the collector runs natively instead: the same Go code, but not the module that a CDN runs.\n", err)
			o.engine = engineNative
		}
	}
	return startEdge(ctx, o)
}

// devSettings give hashes a key of this run, so that the demo shows them.
func devSettings() []byte {
	secret := make([]byte, 32)
	rand.Read(secret)
	return []byte(`{"privacy":{"key":{"id":"dev","secret":"` + base64.StdEncoding.EncodeToString(secret) + `"}}}`)
}

// bundle compiles the schemas asked for, nil for those in the program.
func (d *dev) bundle() ([]byte, error) {
	if d.schemas == "" {
		return nil, nil
	}
	sources, err := readSchemas(d.schemas)
	if err != nil {
		return nil, err
	}
	b, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		return nil, fmt.Errorf("compiling schemas:\n%w", err)
	}
	return b, nil
}

// withDemo puts the demo page beside the collector, on the address it is asked
// at: its tracker is then a first party, whatever the port.
func (d *dev) withDemo(h *host.Host) func(http.Handler) http.Handler {
	return func(collector http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("/", collector)
		mux.HandleFunc("/demo/", func(w http.ResponseWriter, r *http.Request) {
			page, err := ui.Demo("http://"+r.Host, "http://"+h.AdminAddr()+"/")
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			http.StripPrefix("/demo", page).ServeHTTP(w, r)
		})
		return mux
	}
}

func (d *dev) welcome(e *edgeServer, h *host.Host) {
	engine := "the WebAssembly module that a CDN runs, on wazero"
	if e.engine == engineNative {
		engine = "native Go"
	}
	fmt.Fprintf(d.out, `weir is running.

  Demo shop  http://%s/demo/
  Live page  http://%s/
  Collector  http://%s   (point a tracker here)
  Edge       %s
  Data       %s   (the database is in sinks/sqlite)

Ctrl-C stops it.
`, e.addr, h.AdminAddr(), e.addr, engine, filepath.Clean(d.data))
}
