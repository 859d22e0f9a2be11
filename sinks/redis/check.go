package redis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// Check connects and tries every command that the sink will send, each in a
// form that changes nothing.
func (s *Sink) Check(ctx context.Context) error {
	v, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("checking stream %s: %w", s.config.Stream, err)
	}
	defer v.close()
	errs := []error{v.learn(ctx, &s.config), v.holdsStream(ctx, s.config.Stream)}
	if s.config.UniqueFor > 0 {
		errs = append(errs, v.wouldRemember(ctx, &s.config))
	}
	if s.config.Replicas > 0 {
		errs = append(errs, v.hasReplicas(ctx, &s.config))
	}
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("checking stream %s on %s: %w", s.config.Stream, v.address, explain(err))
		}
	}
	v.persistence(ctx).tell(ctx, s.log, &s.config)
	return errors.Join(errs...)
}

// holdsStream expects the key to be a stream or not to be there. A user may lack
// the permission to look, as the sink does not need it.
func (v *server) holdsStream(ctx context.Context, stream string) error {
	kind, err := v.client.Type(ctx, stream).Result()
	if word, _ := reply(err); word == "NOPERM" {
		return nil
	}
	if err == nil && kind != "none" && kind != "stream" {
		return fmt.Errorf("the key holds a %s: choose another stream", kind)
	}
	return err
}

// wouldRemember runs what store.lua runs, on a key that is not there and stays so.
func (v *server) wouldRemember(ctx context.Context, c *Config) error {
	const nothing = `redis.call('SET', KEYS[1], 1, 'XX', 'PX', 1, 'GET') redis.call('DEL', KEYS[1]) return 1`
	errs := []error{v.client.Eval(ctx, nothing, []string{c.seenPrefix() + "check"}).Err()}
	err := v.client.EvalSha(ctx, "0000000000000000000000000000000000000000", nil).Err()
	if kind, _ := reply(err); kind != "NOSCRIPT" {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// hasReplicas waits for as many as a batch will wait for.
func (v *server) hasReplicas(ctx context.Context, c *Config) error {
	n, err := v.client.Do(ctx, "WAIT", c.Replicas, c.Timeout.Milliseconds()).Int64()
	if err == nil && n < int64(c.Replicas) {
		err = fmt.Errorf("replicas: %d of %d answer within %v", n, c.Replicas, c.Timeout)
	}
	return err
}

// defaultLargest is Redis's own proto-max-bulk-len.
const defaultLargest = 512 << 20

// learn asks what the configuration leaves to the server.
func (v *server) learn(ctx context.Context, c *Config) error {
	v.largest = int64(c.MaxEvent)
	if v.largest == 0 {
		v.largest = defaultLargest
		if text, ok := v.setting(ctx, "proto-max-bulk-len"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
				v.largest = n
			}
		}
	}
	v.waitAOF = false
	if !c.Fsync {
		return ctx.Err()
	}
	p := v.persistence(ctx)
	if p.known && p.appendOnly != "yes" {
		return errors.New("fsync: the server writes nothing down as it comes: set appendonly yes there")
	}
	if p.appendSync == "always" {
		return nil // it answers when the disk has
	}
	err := v.client.Do(ctx, "WAITAOF", 0, 0, 1).Err()
	if isUnknownCommand(err) {
		return fmt.Errorf("fsync: this %s has no WAITAOF: use Redis 7.2 or later or Valkey, or set appendfsync always there and allow CONFIG GET, or set fsync to false", v.version(ctx))
	}
	v.waitAOF = err == nil
	return explain(err)
}

// version is the server's name and version, if it says so.
func (v *server) version(ctx context.Context) string {
	info, err := v.client.InfoMap(ctx, "server").Result()
	if n := info["Server"]["redis_version"]; err == nil && n != "" {
		return "Redis " + n
	}
	return "server"
}

// setting asks for one of the server's settings, which it may refuse to tell.
func (v *server) setting(ctx context.Context, name string) (string, bool) {
	m, err := v.client.ConfigGet(ctx, name).Result()
	text, ok := m[name]
	return text, err == nil && ok
}

// persistence is what of a server's settings decides what a crash costs.
type persistence struct {
	known                         bool
	appendOnly, appendSync, saves string
	eviction                      string
}

func (v *server) persistence(ctx context.Context) (p persistence) {
	if p.appendOnly, p.known = v.setting(ctx, "appendonly"); !p.known {
		return p
	}
	p.appendSync, _ = v.setting(ctx, "appendfsync")
	p.saves, _ = v.setting(ctx, "save")
	p.eviction, _ = v.setting(ctx, "maxmemory-policy")
	return p
}

// tell says in the log what the server's settings mean for what it confirms.
func (p persistence) tell(ctx context.Context, log *slog.Logger, c *Config) {
	level, text := slog.LevelWarn, ""
	switch {
	case !p.known:
		text = "the server does not tell how it persists (CONFIG GET is refused): ask whoever runs it what a crash costs"
	case p.appendOnly == "yes" && (p.appendSync == "always" || c.Fsync):
		level, text = slog.LevelInfo, "the server has a batch on disk before it confirms it"
	case p.appendOnly == "yes" && p.appendSync == "no":
		text = "the server leaves syncing to its system: a crash of the machine loses what was confirmed in the last half minute or so"
	case p.appendOnly == "yes":
		text = "the server syncs once a second: a crash of the machine loses what was confirmed in the last second or two; fsync: true waits for it"
	case p.saves != "":
		text = "the server saves snapshots alone: a crash loses what was confirmed since the last one; set appendonly yes there"
	default:
		text = "the server keeps nothing on disk: a restart loses every event; set appendonly yes there"
	}
	log.Log(ctx, level, "redis: "+text, "stream", c.Stream, "appendonly", p.appendOnly, "appendfsync", p.appendSync, "save", p.saves)
	switch p.eviction {
	case "allkeys-lru", "allkeys-lfu", "allkeys-random":
		log.Warn("redis: at maxmemory the server may delete the whole stream: set maxmemory-policy noeviction there",
			"stream", c.Stream, "maxmemory-policy", p.eviction)
	}
}
