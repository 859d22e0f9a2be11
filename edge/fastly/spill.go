package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fastly/compute-sdk-go/kvstore"

	"weir/schemas/scan"
)

const (
	// spillPrefix begins the keys of batches that no host took; the batch's id ends them.
	spillPrefix = "spill/"
	// spillEvery is how often a sandbox looks for such batches, spillAtOnce how
	// many it delivers then: a request has 32 calls of backends in all.
	spillEvery  = 10 * time.Second
	spillAtOnce = 16
)

// store keeps values by key; a nil error means that a change is durable.
type store interface {
	Put(key string, value []byte) error
	Get(key string) ([]byte, error) // nil and no error if there is none
	Delete(key string) error
	List(prefix string, limit int) ([]string, error)
}

// spill keeps batches that no host took, and hands them over once one does.
// Deliveries may repeat: a host knows batches by their ids.
type spill struct {
	store  store // nil: there is none, and such batches are refused
	looked time.Time
}

// keep reports whether the batch is safe in the store.
func (s *spill) keep(id string, batch []byte) bool {
	if s.store == nil {
		return false
	}
	if err := s.store.Put(spillPrefix+id, batch); err != nil {
		os.Stderr.WriteString("weir: KV store " + kvStore + ": keeping batch " + id + ": " + err.Error() + "\n")
		return false
	}
	return true
}

// due reports whether it is time to look for batches.
func (s *spill) due(now time.Time) bool {
	if s.store == nil || now.Sub(s.looked) < spillEvery {
		return false
	}
	s.looked = now
	return true
}

// hand delivers some of the batches in the store, until a host fails to take
// one. What is left waits for the next time; if that was all it could do at
// once, the next request is soon enough.
func (s *spill) hand(ctx context.Context, f *forwarder, now time.Time) error {
	keys, err := s.store.List(spillPrefix, spillAtOnce)
	if err != nil {
		return errors.New("KV store " + kvStore + ": listing batches: " + err.Error())
	}
	for _, key := range keys {
		batch, err := s.store.Get(key)
		if err != nil {
			return errors.New("KV store " + kvStore + ": reading " + key + ": " + err.Error())
		}
		if batch == nil {
			continue // listed though it is gone: lists lag behind
		}
		if err := f.deliver(ctx, strings.TrimPrefix(key, spillPrefix), batch, now); err != nil {
			return err
		}
		if err := s.store.Delete(key); err != nil {
			return errors.New("KV store " + kvStore + ": removing " + key + ": " + err.Error())
		}
	}
	if len(keys) == spillAtOnce {
		s.looked = time.Time{}
	}
	return nil
}

// kv is a KV store of Fastly's.
type kv struct{ *kvstore.Store }

func (k kv) Put(key string, value []byte) error { return k.Insert(key, bytes.NewReader(value)) }

func (k kv) Get(key string) ([]byte, error) {
	entry, err := k.Lookup(key)
	if errors.Is(err, kvstore.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(entry)
}

func (k kv) List(prefix string, limit int) ([]string, error) {
	page, err := listKeys(kvStore, prefix, limit)
	if err != nil {
		return nil, err
	}
	return parseKeys(page)
}

// parseKeys reads a page of a KV store's keys: a JSON object with their list as data.
func parseKeys(page []byte) (keys []string, err error) {
	s := scan.New(page)
	var member, key scan.Text
	for s.Object(); s.Member(&member); {
		if !member.Is("data") {
			s.Skip()
			continue
		}
		for s.Array(); s.Item(); {
			if s.String(&key) {
				keys = append(keys, string(key.Append(nil)))
			}
		}
	}
	if !s.End() {
		return nil, errors.New("its keys: " + s.Err().Error())
	}
	return keys, nil
}
