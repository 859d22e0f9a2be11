package salt

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is one that stands still until it is set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at string) {
	t, err := time.Parse(time.DateTime, at)
	if err != nil {
		panic(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = t
}

type bench struct {
	*Keeper
	clock *clock
	log   bytes.Buffer
	path  string
}

func open(t *testing.T, at string) *bench {
	b := &bench{clock: new(clock), path: filepath.Join(t.TempDir(), "salts")}
	b.clock.set(at)
	b.start()
	return b
}

// start makes a keeper that knows nothing but what is stored.
func (b *bench) start() {
	b.Keeper = New(NewFile(b.path), slog.New(slog.NewTextHandler(&b.log, nil)), b.clock.now)
}

func (b *bench) salts(t *testing.T, ids ...string) []Salt {
	t.Helper()
	list, err := b.Salts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		got = append(got, s.ID)
		if len(s.Secret) != Size || bytes.Equal(s.Secret, make([]byte, Size)) {
			t.Errorf("%s has no secret: %x", s.ID, s.Secret)
		}
	}
	if !slices.Equal(got, ids) {
		t.Errorf("at %s there are %q, want %q", b.clock.now().Format(time.DateTime), got, ids)
	}
	return list
}

// holding reports whether the keeper's memory or its file holds a secret.
func (b *bench) holding(t *testing.T, secret []byte) bool {
	t.Helper()
	text, err := os.ReadFile(b.path)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(b.known[:cap(b.known)], func(s Salt) bool { return bytes.Equal(s.Secret, secret) }) ||
		strings.Contains(string(text), base64.StdEncoding.EncodeToString(secret))
}

func TestSaltsOfThreeDays(t *testing.T) {
	b := open(t, "2026-11-20 22:59:59")
	first := b.salts(t, "2026-11-20")[0]
	if want := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC); !first.From.Equal(want) || !first.Until.Equal(want.AddDate(0, 0, 2)) || !first.Created.Equal(b.clock.now()) {
		t.Errorf("it holds from %s until %s and is of %s", first.From, first.Until, first.Created)
	}
	inMemory := b.known[0].Secret
	b.clock.set("2026-11-20 23:00:00")
	second := b.salts(t, "2026-11-20", "2026-11-21")[1]
	for _, at := range []string{"2026-11-20 23:59:59", "2026-11-21 00:00:00", "2026-11-21 22:59:59"} {
		b.clock.set(at)
		list := b.salts(t, "2026-11-20", "2026-11-21")
		if !bytes.Equal(list[0].Secret, first.Secret) || !bytes.Equal(list[1].Secret, second.Secret) {
			t.Errorf("at %s the salts are others", at)
		}
	}
	b.clock.set("2026-11-21 23:59:59")
	b.salts(t, "2026-11-20", "2026-11-21", "2026-11-22")
	if !b.holding(t, first.Secret) || strings.Contains(b.log.String(), "destroyed") {
		t.Errorf("the first is gone too soon:\n%s", b.log.String())
	}

	b.clock.set("2026-11-22 00:00:00")
	b.salts(t, "2026-11-21", "2026-11-22")
	if b.holding(t, first.Secret) || !bytes.Equal(inMemory, make([]byte, Size)) {
		t.Error("the first is not destroyed")
	}
	want := `msg="salt: destroyed" id=2026-11-20 created=2026-11-20T22:59:59.000Z ended=2026-11-22T00:00:00.000Z destroyed=2026-11-22T00:00:00.000Z`
	if log := b.log.String(); strings.Count(log, "salt: destroyed") != 1 || !strings.Contains(log, want) {
		t.Errorf("the log does not say that it was destroyed:\n%s", log)
	}
	for _, s := range []Salt{first, second} {
		if strings.Contains(b.log.String(), base64.StdEncoding.EncodeToString(s.Secret)) {
			t.Errorf("the log holds a secret:\n%s", b.log.String())
		}
	}
}

// After two rotations nothing that is kept makes the first day's ids again.
func TestSaltsAreDestroyedWithoutBeingAskedFor(t *testing.T) {
	b := open(t, "2026-11-20 12:00:00")
	first := b.salts(t, "2026-11-20")[0]
	if next := b.Destroy(t.Context()); next != lookEvery || !b.holding(t, first.Secret) {
		t.Errorf("looked at again in %s, want %s", next, lookEvery)
	}
	b.clock.set("2026-11-21 23:59:00")
	if next := b.Destroy(t.Context()); next != time.Minute {
		t.Errorf("looked at again in %s, want a minute", next)
	}
	b.start() // a host that was away meanwhile
	b.clock.set("2026-11-29 12:00:00")
	b.Destroy(t.Context())
	if b.holding(t, first.Secret) || !strings.Contains(b.log.String(), "destroyed=2026-11-29T12:00:00.000Z") {
		t.Errorf("it is not destroyed:\n%s", b.log.String())
	}
	b.salts(t, "2026-11-29")
}

func TestSaltsOutliveTheHost(t *testing.T) {
	b := open(t, "2026-11-20 12:00:00")
	before := b.salts(t, "2026-11-20")[0]
	b.start()
	if after := b.salts(t, "2026-11-20")[0]; !bytes.Equal(after.Secret, before.Secret) || !after.Created.Equal(before.Created) {
		t.Error("the host that started again has another salt")
	}
	info, err := os.Stat(b.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, %v, want 0600", info.Mode(), err)
	}
}

// Hosts that share a store have one salt, whoever makes it.
func TestHostsShareSalts(t *testing.T) {
	at := new(clock)
	at.set("2026-11-20 12:00:00")
	store := NewFile(filepath.Join(t.TempDir(), "salts"))
	var work sync.WaitGroup
	secrets := make(chan string, 8)
	for range cap(secrets) {
		k := New(store, slog.New(slog.DiscardHandler), at.now)
		work.Go(func() {
			list, err := k.Salts(t.Context())
			if err != nil || len(list) != 1 {
				t.Errorf("%d salts, %v", len(list), err)
				return
			}
			secrets <- string(list[0].Secret)
		})
	}
	work.Wait()
	close(secrets)
	seen := map[string]bool{}
	for s := range secrets {
		seen[s] = true
	}
	if len(seen) != 1 {
		t.Errorf("there are %d salts of one day", len(seen))
	}
}

// A clock that was ahead leaves a salt that is nobody's yet.
func TestAClockThatWasAhead(t *testing.T) {
	b := open(t, "2026-12-24 12:00:00")
	b.salts(t, "2026-12-24")
	b.clock.set("2026-11-20 12:00:00")
	b.salts(t, "2026-11-20")
}

// broken is a store that fails as it is told to.
type broken struct {
	Store
	list, create, remove error
}

func (s *broken) List(ctx context.Context) (map[string][]byte, error) {
	if s.list != nil {
		return nil, s.list
	}
	return s.Store.List(ctx)
}

func (s *broken) Create(ctx context.Context, id string, value []byte) ([]byte, error) {
	if s.create != nil {
		return nil, s.create
	}
	return s.Store.Create(ctx, id, value)
}

func (s *broken) Delete(ctx context.Context, id string) (bool, error) {
	if s.remove != nil {
		return false, s.remove
	}
	return s.Store.Delete(ctx, id)
}

func TestAStoreInTrouble(t *testing.T) {
	b := open(t, "2026-11-20 12:00:00")
	trouble := errors.New("no space left")
	store := &broken{Store: NewFile(b.path), list: trouble}
	b.Keeper = New(store, slog.New(slog.NewTextHandler(&b.log, nil)), b.clock.now)
	for _, f := range []func(){func() {}, func() { store.list, store.create = nil, trouble }} {
		f()
		if list, err := b.Salts(t.Context()); !errors.Is(err, trouble) || list != nil {
			t.Errorf("%d salts, %v, want the error", len(list), err)
		}
	}
	store.create = nil
	first := b.salts(t, "2026-11-20")[0]
	// What cannot be removed is not handed out either, and is removed later.
	store.remove = trouble
	b.clock.set("2026-11-22 12:00:00")
	b.salts(t, "2026-11-22")
	if !strings.Contains(b.log.String(), "could not be removed") || strings.Contains(b.log.String(), "destroyed=") {
		t.Errorf("the log does not tell:\n%s", b.log.String())
	}
	store.remove = nil
	b.Destroy(t.Context())
	if b.holding(t, first.Secret) || !strings.Contains(b.log.String(), "destroyed=") {
		t.Errorf("it is not destroyed:\n%s", b.log.String())
	}
}

func TestDamagedFiles(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                "is damaged",
		`{"soon":{}}`:      `"soon" is no day`,
		`{"2026-11-20":1}`: "that of 2026-11-20 is damaged",
		`{"2026-11-20":{"created":"2026-11-20T00:00:00Z","secret":"AAAA"}}`: "that of 2026-11-20 is damaged",
	} {
		b := open(t, "2026-11-20 12:00:00")
		if err := os.WriteFile(b.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if list, err := b.Salts(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %d salts, %v, want %s", text, len(list), err, want)
		}
	}
}

func TestRun(t *testing.T) {
	b := open(t, "2026-11-20 12:00:00")
	b.salts(t, "2026-11-20")
	b.clock.set("2026-11-22 12:00:00")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(b.path); err == nil && string(text) == "{}" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing was destroyed")
		}
	}
	cancel()
	<-done
}
