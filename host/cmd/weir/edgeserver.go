package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"time"

	"weir/edge/collector"
	"weir/edge/forward"
	"weir/edge/listen"
	"weir/edge/protocol/all"
	"weir/edge/serve"
	"weir/edge/wazero"
)

// engineName says what runs the collector. It is a flag value.
type engineName string

const (
	engineWasm   engineName = "wasm"
	engineNative engineName = "native"
)

func (e *engineName) String() string { return string(*e) }
func (e *engineName) Type() string   { return "engine" }
func (e *engineName) Set(s string) error {
	switch name := engineName(s); name {
	case engineWasm, engineNative:
		*e = name
		return nil
	}
	return errors.New(`want "wasm" or "native"`)
}

type edgeOptions struct {
	listen   string
	engine   engineName
	settings []byte // JSON; nil for the defaults
	bundle   []byte // compiled schemas; nil for those in the program
	hosts    []string
	secret   []byte
	refresh  time.Duration  // how often hosts are asked for schemas and salts; 0 for never
	proxies  []netip.Prefix // whose X-Forwarded-For and PROXY headers are believed
	// proxyProtocol has connections of proxies begin with a PROXY header.
	proxyProtocol bool
	tls           *tls.Config // nil for none
	// perAddress and perApp bound what is taken in a second; zero for no bound.
	perAddress, perApp serve.Rate

	connections int // open at once; 0 for no bound
	// wrap puts pages beside the collector; nil for none.
	wrap func(http.Handler) http.Handler
	log  *slog.Logger
}

// edgeServer is a running edge.
type edgeServer struct {
	edgeOptions
	addr    string
	server  *http.Server
	handler *serve.Handler
	failed  chan error

	mu   sync.Mutex                  // held while the engine is exchanged, and when it is let go of
	stop func(context.Context) error // lets go of the engine
}

// drainTime bounds how long an edge that is asked to stop waits for requests under way.
const drainTime = 10 * time.Second

func startEdge(ctx context.Context, o edgeOptions) (*edgeServer, error) {
	forwarder, err := forward.New(forward.Config{Hosts: o.hosts, Secret: o.secret})
	if err != nil {
		return nil, err
	}
	settings, err := collector.ParseSettings(o.settings)
	if err != nil {
		return nil, fmt.Errorf("reading the edge's settings: %w", err)
	}
	engine, stop, err := newEngine(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("starting the edge: %w", err)
	}
	handler, err := serve.New(serve.Config{Engine: engine, Forward: forwarder, MaxBody: settings.Limits.Body,
		TrustedProxies: o.proxies, PerAddress: o.perAddress, PerApp: o.perApp, Log: o.log})
	if err != nil {
		return nil, errors.Join(err, stop(ctx))
	}
	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting the edge: %w", err), stop(ctx))
	}
	if o.proxyProtocol {
		listener = listen.Proxied(listener, o.proxies, o.log)
	}
	var root http.Handler = handler
	if o.wrap != nil {
		root = o.wrap(root)
	}
	e := &edgeServer{
		edgeOptions: o, addr: listener.Addr().String(), handler: handler, stop: stop,
		server: serve.NewServer(root), failed: make(chan error, 1),
	}
	e.server.ErrorLog = slog.NewLogLogger(o.log.Handler(), slog.LevelDebug)
	e.server.ConnState = (&listen.Connections{Open: o.connections}).State
	if e.server.TLSConfig = o.tls; o.tls != nil {
		go func() { e.failed <- e.server.ServeTLS(listener, "", "") }()
	} else {
		go func() { e.failed <- e.server.Serve(listener) }()
	}
	return e, nil
}

// reload has further requests judged by other settings and schemas, and
// returns once nothing is left of those before. An error means that they stay.
func (e *edgeServer) reload(ctx context.Context, settings, bundle []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	o := e.edgeOptions
	o.settings, o.bundle = settings, bundle
	parsed, err := collector.ParseSettings(settings)
	if err != nil {
		return fmt.Errorf("reading the edge's settings: %w", err)
	}
	engine, stop, err := newEngine(ctx, o)
	if err != nil {
		return err
	}
	unused, stopBefore := e.handler.Replace(engine, parsed.Limits.Body), e.stop
	e.stop = stop
	<-unused
	if err := stopBefore(ctx); err != nil {
		e.log.Warn("edge: the engine before was not let go of", "error", err)
	}
	return nil
}

// obey reloads at each signal, until ctx ends.
func (e *edgeServer) obey(ctx context.Context, signals <-chan os.Signal, files edgeFiles) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
		}
		settings, bundle, err := files.read()
		if err == nil {
			err = e.reload(ctx, settings, bundle)
		}
		if err != nil {
			e.log.Error("edge: settings or schemas cannot be used; those before stay", "error", err)
			continue
		}
		e.log.Info("edge: settings and schemas were read again")
	}
}

// wait returns when the server fails, or once ctx has ended and the requests
// under way are answered and forwarded.
func (e *edgeServer) wait(ctx context.Context) error {
	var err error
	select {
	case err = <-e.failed:
		err = fmt.Errorf("serving the edge: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err = errors.Join(err, e.server.Shutdown(drain), e.handler.Drain(drain))
	e.mu.Lock()
	defer e.mu.Unlock()
	return errors.Join(err, e.stop(drain))
}

// newEngine returns an engine that works with what the hosts have, and what
// lets go of it.
func newEngine(ctx context.Context, o edgeOptions) (serve.Engine, func(context.Context) error, error) {
	engine, stop, err := bareEngine(ctx, o)
	if err != nil || o.refresh <= 0 {
		return engine, stop, err
	}
	both, err := refreshed(ctx, o, engine, stop)
	if err != nil {
		return nil, nil, errors.Join(err, stop(ctx))
	}
	return engine, both, nil
}

func bareEngine(ctx context.Context, o edgeOptions) (serve.Engine, func(context.Context) error, error) {
	if o.engine == engineWasm {
		r, err := wazero.New(ctx, wazero.Config{Settings: o.settings, Bundle: o.bundle, CacheDir: moduleCache(), Log: o.log})
		if err != nil {
			return nil, nil, err
		}
		return r, r.Close, nil
	}
	bundle := o.bundle
	if bundle == nil {
		var err error
		if bundle, err = wazero.DefaultBundle(); err != nil {
			return nil, nil, err
		}
	}
	n, err := serve.NewNative(func() (*collector.Collector, error) {
		return collector.New(o.settings, bundle, all.Adapters()...)
	})
	return n, func(context.Context) error { return nil }, err
}

// moduleCache is where the machine code of the module is kept between starts,
// "" if the user has no cache folder.
func moduleCache() string {
	if dir := os.Getenv("WEIR_CACHE"); dir != "" {
		return filepath.Join(dir, "wazero")
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "weir", "wazero")
}
