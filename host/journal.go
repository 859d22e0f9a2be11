package host

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"

	"weir/host/config"
	"weir/host/failed"
	"weir/host/journal/jetstream"
	"weir/host/journal/sqlite"
	"weir/host/salt"
)

// openJournal opens the journal that is configured, and the store of failed
// events.
func (h *Host) openJournal() error {
	names := []string{observerRoute}
	for _, r := range h.cfg.Routes {
		names = append(names, r.Name)
	}
	c := h.cfg.Journal
	if c.Kind == "nats" {
		j, err := jetstream.Open(context.Background(), jetstream.Options{
			Servers: c.NATS.Servers, Connect: natsOptions(c.NATS), Stream: c.NATS.Stream, Replicas: c.NATS.Replicas, Window: c.NATS.Window,
			Routes: names, MaxBytes: int64(c.MaxBytes), Retain: c.Retain, Remember: c.Remember,
			Log: h.log, Alarm: h.metrics.Damaged, Committed: func(n int, took time.Duration) { h.metrics.Committed(n, took) },
		})
		if err != nil {
			return err
		}
		h.journal = j
		h.salts = salt.New(j.Secrets("salts", salt.Ahead+salt.Holds), h.log, time.Now)
	} else {
		j, err := sqlite.Open(h.cfg.Path("journal"), sqlite.Options{
			Routes: names, MaxBytes: int64(c.MaxBytes), Retain: c.Retain, Remember: c.Remember,
			KeepDead: h.cfg.Dead.Keep, MaxDead: int64(h.cfg.Dead.Max), Expired: h.expired,
			Log: h.log, Alarm: h.metrics.Damaged,
			Committed: func(c sqlite.Commit) { h.metrics.Committed(c.Batches, c.Took) },
		})
		if err != nil {
			return err
		}
		h.journal = j
		h.salts = salt.New(salt.NewFile(h.cfg.Path("salts")), h.log, time.Now)
	}
	var err error
	h.failed, err = failed.Open(h.cfg.Path("failed.db"), failed.Options{Keep: h.cfg.Failed.Keep, Max: h.cfg.Failed.Max, MaxBytes: int64(h.cfg.Failed.MaxBytes)})
	return err
}

// natsOptions says how to connect to a cluster.
func natsOptions(c config.NATS) (list []nats.Option) {
	if c.Credentials != "" {
		list = append(list, nats.UserCredentials(c.Credentials))
	}
	if token := c.Token.Reveal(); token != "" {
		list = append(list, nats.Token(token))
	}
	if c.User != "" {
		list = append(list, nats.UserInfo(c.User, c.Password.Reveal()))
	}
	if c.CA != "" {
		list = append(list, nats.RootCAs(c.CA))
	}
	if c.Cert != "" {
		list = append(list, nats.ClientCert(c.Cert, c.Key))
	}
	return list
}
