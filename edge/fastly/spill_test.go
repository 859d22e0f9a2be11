package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fastly/compute-sdk-go/fsttest"

	"weir/edge/envelope"
)

// memory is a store; fail makes it broken.
type memory struct {
	values map[string][]byte
	fail   error
}

func (m *memory) Put(key string, value []byte) error {
	if m.fail == nil {
		m.values[key] = slices.Clone(value)
	}
	return m.fail
}

func (m *memory) Get(key string) ([]byte, error) { return m.values[key], m.fail }

func (m *memory) Delete(key string) error {
	delete(m.values, key)
	return m.fail
}

func (m *memory) List(prefix string, limit int) ([]string, error) {
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(m.values)), func(key string) bool { return !strings.HasPrefix(key, prefix) })
	return keys[:min(limit, len(keys))], m.fail
}

func TestWhatNoHostTakesIsKept(t *testing.T) {
	for _, tt := range []struct {
		ack    string
		store  *memory
		status int
		kept   int
	}{
		{"stored", &memory{values: map[string][]byte{}}, 200, 1},
		{"queued", &memory{values: map[string][]byte{}}, 200, 1},
		{"fast", &memory{values: map[string][]byte{}}, 200, 1},
		{"delivered", &memory{values: map[string][]byte{}}, 503, 0},
		{"stored", &memory{values: map[string][]byte{}, fail: errors.New("too many requests")}, 503, 0},
		{"stored", nil, 503, 0},
	} {
		in, s := pageView(), &hosts{answers: []string{"connection refused"}}
		h := open(t, "https://one.example", `{"ack":"`+tt.ack+`"}`, nil, in, s)
		if tt.store != nil {
			h.spill.store = tt.store
		}
		r, err := request(in)
		if err != nil {
			t.Fatal(err)
		}
		w := fsttest.NewRecorder()
		h.serve(t.Context(), w, r)
		if w.Code != tt.status {
			t.Errorf("%s: answered %d, want %d", tt.ack, w.Code, tt.status)
		}
		if tt.store == nil {
			continue
		}
		if len(tt.store.values) != tt.kept {
			t.Errorf("%s: %d batches kept, want %d", tt.ack, len(tt.store.values), tt.kept)
		}
		for key, batch := range tt.store.values {
			if string(batch) != string(s.batches[0]) || key != spillPrefix+s.sent[0].Header.Get("webhook-id") {
				t.Errorf("%s: kept %s as %s, which is not what the host was sent", tt.ack, batch, key)
			}
		}
	}
}

func TestWhatIsKeptIsHandedOver(t *testing.T) {
	in := pageView()
	in.Request.Path, in.Request.Query = "/health", ""
	kept := &memory{values: map[string][]byte{bundleKey: []byte("another matter")}}
	for i := range spillAtOnce + 1 {
		kept.values[spillPrefix+strings.Repeat("i", i+1)] = []byte("batch\n")
	}
	s := &hosts{}
	h := open(t, "https://one.example", "", nil, in, s)
	h.spill.store = kept
	serve := func(answers ...string) (sent int) {
		t.Helper()
		s.answers, sent = answers, len(s.sent)
		r, err := request(in)
		if err != nil {
			t.Fatal(err)
		}
		w := fsttest.NewRecorder()
		h.serve(t.Context(), w, r)
		if w.Code != 200 {
			t.Errorf("answered %d", w.Code)
		}
		return len(s.sent) - sent
	}
	takes := slices.Repeat([]string{taken}, spillAtOnce)

	if n := serve(taken, "503 full"); n != 2 || len(kept.values) != spillAtOnce+1 {
		t.Errorf("%d batches were sent to a host that fills up after one, %d values are left", n, len(kept.values))
	}
	if n := serve(); n != 0 {
		t.Errorf("%d batches were sent before it was time", n)
	}
	in.NowMillis += spillEvery.Milliseconds()
	if n := serve(takes...); n != spillAtOnce || len(kept.values) != 1 {
		t.Errorf("%d batches were sent, %d values are left, want %d and the schemas alone", n, len(kept.values), spillAtOnce)
	}
	// As many as fit into one request were there: the next one looks at once, and finds no more.
	if n := serve(); n != 0 || h.spill.looked != time.UnixMilli(in.NowMillis) {
		t.Errorf("%d batches were sent, looked at %v", n, h.spill.looked)
	}
}

// While hosts are down nobody asks them for what the store holds.
func TestNothingIsHandedOverInAnOutage(t *testing.T) {
	in, s := pageView(), &hosts{answers: []string{"connection refused"}}
	h := open(t, "https://one.example", `{"ack":"`+envelope.AckStored.String()+`"}`, nil, in, s)
	h.spill.store = &memory{values: map[string][]byte{spillPrefix + "i": []byte("batch\n")}}
	r, err := request(in)
	if err != nil {
		t.Fatal(err)
	}
	h.serve(t.Context(), fsttest.NewRecorder(), r)
	if len(s.sent) != 1 {
		t.Errorf("hosts were asked %d times, want once", len(s.sent))
	}
}

func TestParseKeys(t *testing.T) {
	keys, err := parseKeys([]byte(`{"data":["spill/1","spill/\u0032"],"meta":{"limit":16,"next_cursor":"x"}}`))
	if err != nil || !slices.Equal(keys, []string{"spill/1", "spill/2"}) {
		t.Errorf("%q, %v", keys, err)
	}
	for _, page := range []string{"", `{"data":["spill/1"]`, `{"data":[1]}`, `{"data":"spill/1"}`} {
		if keys, err := parseKeys([]byte(page)); err == nil {
			t.Errorf("%s: %q and no error", page, keys)
		}
	}
}
