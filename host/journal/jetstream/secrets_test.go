package jetstream

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestSecrets(t *testing.T) {
	o := options(t, sharedCluster(t))
	var hosts []*Secrets
	for range 3 {
		j := open(t, o)
		hosts = append(hosts, j.Secrets("salts", time.Hour))
		t.Cleanup(func() {
			ctx, cancel := contextFor(20 * time.Second)
			defer cancel()
			j.js.DeleteKeyValue(ctx, o.Stream+"-salts")
		})
	}
	if there, err := hosts[0].Delete(t.Context(), "2026-11-20"); err != nil || there {
		t.Fatalf("what was never there was deleted: %t, %v", there, err)
	}
	if values, err := hosts[0].List(t.Context()); err != nil || len(values) != 0 {
		t.Fatalf("at first there are %d, %v", len(values), err)
	}
	// Whoever is first, all have the same.
	var work sync.WaitGroup
	kept := make([]string, len(hosts))
	for i, s := range hosts {
		work.Go(func() {
			value, err := s.Create(t.Context(), "2026-11-20", []byte{'a' + byte(i)})
			for range 5 { // the cluster is busy with other tests
				if !errors.Is(err, context.DeadlineExceeded) {
					break
				}
				value, err = s.Create(t.Context(), "2026-11-20", []byte{'a' + byte(i)})
			}
			if err != nil {
				t.Error(err)
			}
			kept[i] = string(value)
		})
	}
	work.Wait()
	for i, s := range hosts {
		values, err := s.List(t.Context())
		if err != nil || len(values) != 1 || string(values["2026-11-20"]) != kept[0] || kept[i] != kept[0] {
			t.Errorf("host %d has %q and lists %q, %v; want %q", i, kept[i], values, err, kept[0])
		}
	}
	var deleted atomic.Int64
	for _, s := range hosts {
		work.Go(func() {
			there, err := s.Delete(t.Context(), "2026-11-20")
			if err != nil {
				t.Error(err)
			}
			if there {
				deleted.Add(1)
			}
		})
	}
	work.Wait()
	if deleted.Load() != 1 {
		t.Errorf("%d hosts have deleted it, want 1", deleted.Load())
	}
	if values, err := hosts[1].List(t.Context()); err != nil || len(values) != 0 {
		t.Errorf("afterwards there are %q, %v", values, err)
	}
	// What the servers still hold of it is a mark that it is gone.
	kv, err := hosts[0].js.KeyValue(t.Context(), o.Stream+"-salts")
	if err != nil {
		t.Fatal(err)
	}
	status, err := kv.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stream := status.(*jetstream.KeyValueBucketStatus).StreamInfo()
	if stream.Config.Storage != jetstream.MemoryStorage || stream.State.Msgs > 1 {
		t.Errorf("%d messages are left, in %v", stream.State.Msgs, stream.Config.Storage)
	}
	if value, err := hosts[2].Create(t.Context(), "2026-11-20", []byte("z")); err != nil || string(value) != "z" {
		t.Errorf("made again: %q, %v", value, err)
	}
}
