package validate_test

import (
	"errors"
	"sync"
	"testing"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

func swapBundle(t *testing.T, schema string) []byte {
	t.Helper()
	b, _, err := bundleOf([]byte(schema), compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSwap(t *testing.T) {
	var s validate.Swap
	if s.Set() != nil {
		t.Fatal("an empty Swap has a set")
	}
	if err := s.Rollback(); !errors.Is(err, validate.ErrNoPrevious) {
		t.Fatalf("rolling back nothing: %v", err)
	}
	accepts := func(doc string) bool {
		p, ok := s.Set().Lookup([]byte(testKey))
		return ok && len(p.Validate(nil, []byte(doc))) == 0
	}
	load := func(b []byte) []byte {
		t.Helper()
		spare, err := s.Load(b)
		if err != nil {
			t.Fatal(err)
		}
		return spare
	}
	first, second, third := swapBundle(t, `{"type":"string"}`), swapBundle(t, `{"type":"null"}`), swapBundle(t, `{"type":"array"}`)
	if spare := load(first); spare != nil || !accepts(`""`) {
		t.Fatal("the first bundle is not in use")
	}
	hash := s.Set().Hash()
	running, _ := s.Set().Lookup([]byte(testKey))
	if spare := load(second); spare != nil || !accepts(`null`) || accepts(`""`) || s.Set().Hash() == hash {
		t.Fatal("the second bundle is not in use")
	}
	if len(running.Validate(nil, []byte(`""`))) != 0 || running.Set().Hash() != hash {
		t.Error("a program looked up before is another now")
	}

	// Neither damage nor truncation nor rubbish changes a thing.
	for _, bad := range [][]byte{append([]byte("x"), third[1:]...), third[:len(third)-8], nil, flipped(third)} {
		if spare, err := s.Load(bad); err == nil || len(spare) != len(bad) || !accepts(`null`) {
			t.Errorf("a bundle of %d bytes that is not sound: %v", len(bad), err)
		}
	}
	if spare := load(append([]byte(nil), second...)); &spare[0] == &second[0] || len(spare) != len(second) {
		t.Error("the same bundle again is not handed back")
	}
	if err := s.Rollback(); err != nil || s.Set().Hash() != hash || !accepts(`""`) {
		t.Errorf("rollback after failed loads: %v", err)
	}
	if err := s.Rollback(); err != nil || !accepts(`null`) {
		t.Errorf("rollback of the rollback: %v", err)
	}
	if spare := load(third); &spare[0] != &first[0] || !accepts(`[]`) {
		t.Error("the oldest bundle's bytes are not handed back")
	}
}

func flipped(b []byte) []byte {
	c := append([]byte(nil), b...)
	c[len(c)-1] ^= 1
	return c
}

// TestSwapUnderLoad exchanges bundles while others validate; -race watches.
func TestSwapUnderLoad(t *testing.T) {
	var s validate.Swap
	texts, nulls := swapBundle(t, `{"type":"string"}`), swapBundle(t, `{"type":"null"}`)
	for _, b := range [][]byte{texts, nulls} {
		if _, err := s.Load(b); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				p, _ := s.Set().Lookup([]byte(testKey))
				text, null := len(p.Validate(nil, []byte(`""`))) == 0, len(p.Validate(nil, []byte(`null`))) == 0
				if text == null {
					t.Errorf("under %s both are %t", p.Set().Hash(), text)
					return
				}
			}
		})
	}
	for range 200 {
		if err := s.Rollback(); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
