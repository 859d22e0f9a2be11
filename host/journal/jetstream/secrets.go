package jetstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Secrets are small values that the hosts of a journal share and that must not
// be found again once they are deleted. The servers hold them in memory alone:
// no disk and no backup has them. When all of them stop at once, they are gone.
// Where none is ever created, there is no bucket either.
type Secrets struct {
	js     jetstream.JetStream
	config jetstream.KeyValueConfig
}

// Secrets returns those of a name, each for no longer than keep.
func (j *Journal) Secrets(name string, keep time.Duration) *Secrets {
	return &Secrets{j.js, jetstream.KeyValueConfig{Bucket: j.opt.Stream + "-" + name, History: 1, TTL: keep,
		Storage: jetstream.MemoryStorage, Replicas: j.opt.Replicas, MaxBytes: 1 << 20}}
}

// List returns all values by their keys.
func (s *Secrets) List(ctx context.Context) (map[string][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kv, err := s.js.KeyValue(ctx, s.config.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	keys, err := kv.Keys(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, err
	}
	values := make(map[string][]byte, len(keys))
	for _, key := range keys {
		entry, err := kv.Get(ctx, key)
		switch {
		case err == nil:
			values[key] = entry.Value()
		case !errors.Is(err, jetstream.ErrKeyNotFound): // deleted meanwhile
			return nil, err
		}
	}
	return values, nil
}

// bucket opens the bucket, and makes it if there is none. Servers may leave a
// host without an answer that makes it while another does: it looks again.
func (s *Secrets) bucket(ctx context.Context) (jetstream.KeyValue, error) {
	for {
		kv, err := s.js.KeyValue(ctx, s.config.Bucket)
		if !errors.Is(err, jetstream.ErrBucketNotFound) {
			return kv, err
		}
		try, cancel := context.WithTimeout(ctx, patience/5)
		kv, err = s.js.CreateKeyValue(try, s.config)
		late := try.Err() != nil
		cancel()
		if err == nil || ctx.Err() != nil || !late && !errors.Is(err, jetstream.ErrBucketExists) {
			return kv, err
		}
	}
}

// Create keeps a value, unless there is one by that key. It returns the one
// that is kept.
func (s *Secrets) Create(ctx context.Context, key string, value []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kv, err := s.bucket(ctx)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", s.config.Bucket, err)
	}
	_, err = kv.Create(ctx, key, value)
	if err == nil {
		return value, nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, err
	}
	entry, err := kv.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return entry.Value(), nil
}

// Delete reports whether there was a value by that key. Of several hosts one
// is told so.
func (s *Secrets) Delete(ctx context.Context, key string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kv, err := s.js.KeyValue(ctx, s.config.Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	entry, err := kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = kv.Purge(ctx, key, jetstream.LastRevision(entry.Revision()))
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return false, nil // another host was quicker
	}
	return err == nil, err
}
