package offer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/edge/signature"
	"weir/host/salt"
)

var (
	secret = []byte("thirty-two bytes that are secret")
	older  = []byte("thirty-two bytes that were it....")
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

type bench struct {
	*Handler
	log    bytes.Buffer
	bundle []byte
	salts  []salt.Salt
	fault  error
}

func open() *bench {
	b := &bench{bundle: []byte("compiled schemas"),
		salts: []salt.Salt{{ID: "2026-11-20", From: noon.Truncate(24 * time.Hour), Until: noon.Truncate(24*time.Hour).AddDate(0, 0, 2), Created: noon, Secret: []byte("a salt of 32 bytes, or nearly so.")}}}
	b.Handler = New(Config{Secrets: [][]byte{secret, older}, Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Bundle: func() []byte { return b.bundle },
		Salts: func(context.Context) ([]salt.Salt, error) {
			list := append([]salt.Salt(nil), b.salts...)
			for i := range list {
				list[i].Secret = bytes.Clone(list[i].Secret)
			}
			return list, b.fault
		}})
	return b
}

// request is signed as an edge signs.
func request(path, id string) *http.Request {
	r := httptest.NewRequest("GET", path, nil)
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(noon.Unix(), 10))
	r.Header.Set("webhook-signature", signature.Sign(secret, id, noon.Unix(), nil))
	return r
}

func (b *bench) get(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func TestBundle(t *testing.T) {
	b := open()
	w := b.get(request("/v1/edge/bundle", "bundle_1"))
	if w.Code != 200 || w.Body.String() != "compiled schemas" || w.Header().Get("Content-Type") != "application/octet-stream" || w.Header().Get("Cache-Control") != "private, no-cache" {
		t.Errorf("answer = %d %v %s", w.Code, w.Header(), w.Body)
	}
	first := w.Header().Get("ETag")
	for _, known := range []string{first, "W/" + first, `"other", ` + first, "*"} {
		r := request("/v1/edge/bundle", "bundle_2")
		r.Header.Set("If-None-Match", known)
		if w := b.get(r); w.Code != 304 || w.Body.Len() != 0 || w.Header().Get("ETag") != first {
			t.Errorf("If-None-Match %s: answer = %d %v %s", known, w.Code, w.Header(), w.Body)
		}
	}
	b.bundle = []byte("compiled anew...")
	r := request("/v1/edge/bundle", "bundle_3")
	r.Header.Set("If-None-Match", first)
	if w := b.get(r); w.Code != 200 || w.Body.String() != "compiled anew..." || w.Header().Get("ETag") == first {
		t.Errorf("after a change: answer = %d %v %s", w.Code, w.Header(), w.Body)
	}
	b.bundle = nil
	if w := b.get(request("/v1/edge/bundle", "bundle_4")); w.Code != 404 || !strings.Contains(w.Body.String(), "no schemas") {
		t.Errorf("without schemas: answer = %d %s", w.Code, w.Body)
	}
}

func TestSalts(t *testing.T) {
	b := open()
	w := b.get(request("/v1/edge/salts", "salts_1"))
	const want = `{"salts":[{"id":"2026-11-20","from":"2026-11-20T00:00:00Z","until":"2026-11-22T00:00:00Z","secret":"YSBzYWx0IG9mIDMyIGJ5dGVzLCBvciBuZWFybHkgc28u"}]}`
	if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("answer = %d %v %s, want %s", w.Code, w.Header(), w.Body, want)
	}
	r := request("/v1/edge/salts", "salts_2")
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	if w := b.get(r); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("the same again: answer = %d %s", w.Code, w.Body)
	}
	b.salts = nil
	if w := b.get(r); w.Code != 200 || w.Body.String() != `{"salts":[]}` {
		t.Errorf("without salts: answer = %d %s", w.Code, w.Body)
	}
	b.fault = errors.New("no space left")
	if w := b.get(r); w.Code != 503 || w.Header().Get("Retry-After") != "5" || !strings.Contains(b.log.String(), "no space left") || strings.Contains(w.Body.String(), "space") {
		t.Errorf("in trouble: answer = %d %v %s, log %s", w.Code, w.Header(), w.Body, b.log.String())
	}
}

func TestWhoMayAsk(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request) *http.Request
		status int
	}{
		"an edge":            {func(r *http.Request) *http.Request { return r }, 200},
		"with the older key": {func(r *http.Request) *http.Request { return signed(r, older, "salts_1", noon.Unix()) }, 200},
		"nobody":             {func(r *http.Request) *http.Request { r.Header = http.Header{}; return r }, 401},
		"with another key": {func(r *http.Request) *http.Request {
			return signed(r, []byte("another key of thirty-two bytes.."), "salts_1", noon.Unix())
		}, 401},
		"six minutes ago":     {func(r *http.Request) *http.Request { return signed(r, secret, "salts_1", noon.Unix()-360) }, 401},
		"for the bundle":      {func(r *http.Request) *http.Request { return signed(r, secret, "bundle_1", noon.Unix()) }, 401},
		"for nothing":         {func(r *http.Request) *http.Request { return signed(r, secret, "0193", noon.Unix()) }, 401},
		"with another id":     {func(r *http.Request) *http.Request { r.Header.Set("webhook-id", "salts_2"); return r }, 401},
		"with a body":         {func(r *http.Request) *http.Request { r.ContentLength = 1; return r }, 401},
		"with one of unknown": {func(r *http.Request) *http.Request { r.ContentLength = -1; return r }, 401},
		"to change them":      {func(r *http.Request) *http.Request { r.Method = "POST"; return r }, 405},
		"elsewhere":           {func(r *http.Request) *http.Request { r.URL.Path = "/v1/edge/secrets"; return r }, 404},
	} {
		b := open()
		w := b.get(c.change(request("/v1/edge/salts", "salts_1")))
		if w.Code != c.status || w.Code == 401 && (w.Body.String() != `{"error":"unauthorized"}` || !strings.Contains(b.log.String(), "does not verify")) {
			t.Errorf("%s: answer = %d %s, want %d; log %s", name, w.Code, w.Body, c.status, b.log.String())
		}
		if c.status != 200 && strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: the answer tells salts: %s", name, w.Body)
		}
	}
	b := open()
	if w := b.get(request("/v1/edge/bundle", "salts_1")); w.Code != 401 {
		t.Errorf("a bundle for a signature of salts: %d", w.Code)
	}
	for range 3 {
		b.get(request("/v1/edge/bundle", "salts_1"))
	}
	if n := strings.Count(b.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines of log in a minute, want 1", n)
	}
}

func signed(r *http.Request, key []byte, id string, unix int64) *http.Request {
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(unix, 10))
	r.Header.Set("webhook-signature", signature.Sign(key, id, unix, nil))
	return r
}

// Edges read what is written here.
func TestSaltsReadBack(t *testing.T) {
	b := open()
	var got Salts
	if err := json.Unmarshal(b.get(request("/v1/edge/salts", "salts_1")).Body.Bytes(), &got); err != nil || len(got.Salts) != 1 ||
		got.Salts[0].ID != "2026-11-20" || !got.Salts[0].Until.Equal(b.salts[0].Until) || !bytes.Equal(got.Salts[0].Secret, b.salts[0].Secret) {
		t.Errorf("%+v, %v", got, err)
	}
}
