package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"weir/edge/listen"
	"weir/host/delivery"
	"weir/host/logstream"
	"weir/host/offer"
)

// Run serves until ctx ends and then drains: nothing more is accepted,
// requests under way are answered, and what the journal holds is delivered as
// far as sinks take it within the configured time. The rest is delivered after
// the next start. It returns nil after such an end, and an error when storage
// has failed or a listener broke; the process should then exit and start anew.
func (h *Host) Run(ctx context.Context) error {
	var err error
	if h.delivery, err = delivery.Start(h.routes, h.judge.Event, h.metrics, h.log); err != nil {
		return errors.Join(err, h.release())
	}
	public := &http.Server{
		Handler: h.edges(), ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: h.cfg.Public.Timeout, IdleTimeout: 2 * time.Minute,
		WriteTimeout: 2*h.cfg.Public.Timeout + h.cfg.Public.AckWait, MaxHeaderBytes: 16 << 10,
		ConnState: (&listen.Connections{Waiting: h.cfg.Public.Connections}).State,
	}
	private := &http.Server{Handler: h.admin, ErrorLog: public.ErrorLog,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	metrics := http.NewServeMux()
	metrics.Handle("GET /metrics", h.metrics.Handler())
	scraped := &http.Server{Handler: metrics, ErrorLog: public.ErrorLog,
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		ConnState: (&listen.Connections{Waiting: 16}).State}
	stopped := make(chan error, 3)
	go func() { stopped <- fmt.Errorf("serving edges: %w", h.servePublic(public)) }()
	if h.private != nil {
		go func() { stopped <- fmt.Errorf("serving operators: %w", private.Serve(h.private)) }()
	}
	if h.scraped != nil {
		go func() { stopped <- fmt.Errorf("serving metrics: %w", scraped.Serve(h.scraped)) }()
	}
	checking, stopCheck := context.WithCancel(ctx)
	defer stopCheck()
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		h.check(checking)
	}()
	salting := make(chan struct{})
	go func() {
		defer close(salting)
		h.salts.Run(checking)
	}()
	h.log.Info("host: ready", "public", h.PublicAddr(), "admin", h.AdminAddr(), "data", h.cfg.DataDir)
	close(h.ready)

	var failure error
	select {
	case <-ctx.Done():
	case <-h.journal.Broken():
		failure = h.journal.Err()
		h.log.Error("host: the journal's storage failed; nothing more is accepted and the process ends", "error", failure)
	case failure = <-stopped:
	}
	stopCheck()
	h.drain(public, private, scraped)
	<-checked
	<-salting
	return errors.Join(failure, h.release())
}

// edges serves the public listener.
func (h *Host) edges() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", h.ingest)
	mux.Handle(offer.Prefix, h.offer)
	if h.logs != nil {
		mux.Handle(logstream.Path, h.logs)
		mux.Handle(logstream.PathChallenge, h.logs)
	}
	return mux
}

// servePublic serves HTTPS if there is a certificate, else HTTP.
func (h *Host) servePublic(s *http.Server) error {
	if h.certificate == nil {
		return s.Serve(h.public)
	}
	s.TLSConfig = &tls.Config{GetCertificate: h.certificate.Get}
	return s.ServeTLS(h.public, "", "")
}

// checkedBytes is the largest journal that is read through at each start: an
// open read keeps the write-ahead log from being reset.
const checkedBytes = 1 << 30

// check looks for damage to the journal's structure, beside its work.
func (h *Host) check(ctx context.Context) {
	journal, ok := h.journal.(interface{ Check(context.Context) error })
	if !ok {
		return
	}
	stats, err := h.journal.Stats(ctx)
	if err == nil && stats.Bytes <= checkedBytes {
		err = journal.Check(ctx)
	}
	if err != nil && ctx.Err() == nil {
		h.log.Error("host: the journal did not pass its check", "error", err)
		h.metrics.Damaged(err)
	}
}

// drain ends in the order in which events flow.
func (h *Host) drain(public, private, scraped *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), h.cfg.Drain)
	defer cancel()
	h.ingest.Refuse("the host is stopping")
	if err := public.Shutdown(ctx); err != nil {
		public.Close()
	}
	if err := h.delivery.Drain(ctx); err != nil {
		h.log.Warn("host: deliveries were cut short; the journal keeps what is left", "error", err)
	}
	close(h.done)
	for _, s := range []*http.Server{private, scraped} {
		if err := s.Shutdown(ctx); err != nil {
			s.Close()
		}
	}
}

// release closes what New opened.
func (h *Host) release() error {
	var errs []error
	for _, l := range []net.Listener{h.public, h.private, h.scraped} {
		// A server that was shut down has closed its listener.
		if l != nil {
			l.Close()
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for name, s := range h.sinks {
		if err := s.Close(ctx); err != nil {
			errs = append(errs, fmt.Errorf("closing sink %s: %w", name, err))
		}
	}
	for _, w := range h.windows {
		errs = append(errs, w.Close())
	}
	if h.failed != nil {
		errs = append(errs, h.failed.Shut())
	}
	if h.journal != nil {
		errs = append(errs, h.journal.Close())
	}
	return errors.Join(errs...)
}
