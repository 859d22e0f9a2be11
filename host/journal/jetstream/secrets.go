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
type Secrets struct{ kv jetstream.KeyValue }

// Secrets returns those of a name, each for no longer than keep.
func (j *Journal) Secrets(ctx context.Context, name string, keep time.Duration) (*Secrets, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	kv, err := j.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: j.opt.Stream + "-" + name, History: 1, TTL: keep,
		Storage: jetstream.MemoryStorage, Replicas: j.opt.Replicas, MaxBytes: 1 << 20})
	if err != nil {
		return nil, fmt.Errorf("opening the %s of %s: %w", name, j.opt.Stream, err)
	}
	return &Secrets{kv}, nil
}

// List returns all values by their keys.
func (s *Secrets) List(ctx context.Context) (map[string][]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	keys, err := s.kv.Keys(ctx)
	if err != nil && !errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, err
	}
	values := make(map[string][]byte, len(keys))
	for _, key := range keys {
		entry, err := s.kv.Get(ctx, key)
		switch {
		case err == nil:
			values[key] = entry.Value()
		case !errors.Is(err, jetstream.ErrKeyNotFound): // deleted meanwhile
			return nil, err
		}
	}
	return values, nil
}

// Create keeps a value, unless there is one by that key. It returns the one
// that is kept.
func (s *Secrets) Create(ctx context.Context, key string, value []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.kv.Create(ctx, key, value)
	if err == nil {
		return value, nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return nil, err
	}
	entry, err := s.kv.Get(ctx, key)
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
	entry, err := s.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = s.kv.Purge(ctx, key, jetstream.LastRevision(entry.Revision()))
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
		return false, nil // another host was quicker
	}
	return err == nil, err
}
