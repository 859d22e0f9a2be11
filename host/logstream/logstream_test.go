package logstream

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/edge/signature"
)

var (
	secret = []byte("thirty-two bytes that are secret")
	noon   = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

const (
	first  = "01a1b2c3-0000-7000-8000-000000000001"
	second = "01a1b2c3-0000-7000-8000-000000000002"
)

type bench struct {
	*Handler
	log       bytes.Buffer
	kept      []string // ids
	calls     int
	good, bad int
	fault     error // of Keep
	failing   int   // call of Keep, counted from 1; 0 is each
}

func open(services ...string) *bench {
	b := new(bench)
	b.Handler = New(Config{Services: services, Secrets: [][]byte{[]byte("another secret that is older...."), secret}, Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
		Keep: func(_ context.Context, batches []envelope.Batch) error {
			b.calls++
			if b.fault != nil && (b.failing == 0 || b.failing == b.calls) {
				return b.fault
			}
			for _, batch := range batches {
				b.kept = append(b.kept, batch.Header.ID)
			}
			return nil
		},
		Observe: func(good, bad int) { b.good, b.bad = b.good+good, b.bad+bad }})
	return b
}

func (b *bench) post(body io.Reader, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", Path, body)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

// batch is one with an event of so many bytes, about.
func batch(id string, size int) []byte {
	h := envelope.Header{ID: id, Events: 1}
	return append(h.AppendJSON(nil), "\n{\"canary\":\""+strings.Repeat("x", size)+"\"}\n"...)
}

func line(id string, at time.Time, batch []byte) string {
	text, err := json.Marshal(Line{id, at.Unix(), signature.Sign(secret, id, at.Unix(), batch), base64.StdEncoding.EncodeToString(batch)})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestChallenge(t *testing.T) {
	for _, tt := range []struct {
		services []string
		want     string
	}{
		// printf %s SU1Z0isxPaozGVKXdv0eY | sha256sum
		{[]string{"SU1Z0isxPaozGVKXdv0eY"}, "66b01d440c79400570c755aad9d589af5368719067c13fee58710a7198db2de8\n"},
		{[]string{"*"}, "*\n"},
	} {
		w := httptest.NewRecorder()
		open(tt.services...).ServeHTTP(w, httptest.NewRequest("GET", PathChallenge, nil))
		if w.Code != 200 || w.Body.String() != tt.want {
			t.Errorf("%v: %d %q, want %q", tt.services, w.Code, w.Body, tt.want)
		}
	}
	w := httptest.NewRecorder()
	open("one", "two").ServeHTTP(w, httptest.NewRequest("GET", PathChallenge, nil))
	if strings.Count(w.Body.String(), "\n") != 2 {
		t.Errorf("two services: %q", w.Body)
	}
}

func TestBadLinesArePassedOver(t *testing.T) {
	good := batch(first, 100)
	forged := strings.Replace(line(first, noon, good), `"signature":"v1,`, `"signature":"v1,A`, 1)
	two := append(batch(first, 1), batch(second, 1)...)
	for name, bad := range map[string]string{
		"no JSON":         "canary",
		"forged":          forged,
		"unsigned":        `{"id":"` + first + `","timestamp":1795176000,"batch":"` + base64.StdEncoding.EncodeToString(good) + `"}`,
		"another id":      line(second, noon, good),
		"another body":    strings.Replace(line(first, noon, good), `"batch":"`, `"batch":"AAAA`, 1),
		"no base64":       strings.Replace(line(first, noon, good), `"batch":"`, `"batch":"!`, 1),
		"too old":         line(first, noon.Add(-Window-time.Second), good),
		"from the future": line(first, noon.Add(signature.Window+time.Second), good),
		"two batches":     line(first, noon, two),
		"no batch":        line(first, noon, []byte("canary")),
		"too long":        line(first, noon, batch(first, maxLine)),
		"cut off":         line(first, noon, good)[:200],
	} {
		b := open("*")
		w := b.post(strings.NewReader(bad + "\n\n" + line(second, noon.Add(-Window), batch(second, 100)) + "\n"))
		if w.Code != 200 || !slices.Equal(b.kept, []string{second}) || b.good != 1 || b.bad != 1 {
			t.Errorf("%s: %d, kept %q, %d good and %d bad", name, w.Code, b.kept, b.good, b.bad)
		}
		if log := b.log.String(); !strings.Contains(log, "lines=1") || strings.Contains(log, "canary") || strings.Contains(log, first) {
			t.Errorf("%s: the log says %s", name, log)
		}
		if w.Body.Len() != 0 {
			t.Errorf("%s: the answer says %q", name, w.Body)
		}
	}
}

func TestAnsweredOnceAllIsStored(t *testing.T) {
	var body strings.Builder
	for range 100 {
		body.WriteString(line(first, noon, batch(first, 20<<10)) + "\n")
	}
	body.WriteString(line(second, noon, batch(second, 1))) // without an end
	b := open("*")
	if w := b.post(strings.NewReader(body.String())); w.Code != 200 || len(b.kept) != 101 || b.kept[100] != second || b.calls != 2 {
		t.Errorf("%d, %d kept in %d calls", w.Code, len(b.kept), b.calls)
	}
	for failing := 1; failing <= 2; failing++ {
		b := open("*")
		b.fault, b.failing = errors.New("the journal is full"), failing
		w := b.post(strings.NewReader(body.String()))
		if w.Code != 503 || w.Header().Get("Retry-After") == "" || b.calls != failing || b.good != len(b.kept) {
			t.Errorf("call %d fails: %d after %d calls, %d of %d kept", failing, w.Code, b.calls, b.good, len(b.kept))
		}
	}
}

// What came whole before the connection broke is stored; the request has failed all the same.
func TestConnectionThatBreaks(t *testing.T) {
	whole := line(first, noon, batch(first, 100)) + "\n"
	for name, rest := range map[string]string{"between lines": "", "within a line": whole[:50]} {
		b := open("*")
		broken := io.MultiReader(strings.NewReader(whole+rest), failingReader{})
		if w := b.post(broken); w.Code != 400 || !slices.Equal(b.kept, []string{first}) || b.bad != 0 {
			t.Errorf("%s: %d, kept %q, %d bad", name, w.Code, b.kept, b.bad)
		}
	}
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestRefusals(t *testing.T) {
	b := open("*")
	if w := b.post(strings.NewReader(""), "Content-Encoding", "gzip"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("compressed: %d", w.Code)
	}
	for range concurrent {
		b.reading <- struct{}{}
	}
	if w := b.post(strings.NewReader("")); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("beyond the bound: %d", w.Code)
	}
}
