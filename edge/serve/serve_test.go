package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

// engine is a function that answers requests.
type engine func(in *collector.Input) (*collector.Outcome, error)

func (e engine) Collect(_ context.Context, in *collector.Input, use func(*collector.Outcome)) error {
	out, err := e(in)
	if err == nil {
		use(out)
	}
	return err
}

// host is a function that takes batches.
type host func(id string, batch []byte) error

func (h host) Forward(_ context.Context, id string, batch []byte) error { return h(id, batch) }

func taking(string, []byte) error { return nil }

var quiet = slog.New(slog.DiscardHandler)

// storing answers every request with a batch of one line.
func storing(ack envelope.Ack) engine {
	return func(*collector.Input) (*collector.Outcome, error) {
		return &collector.Outcome{
			Response: protocol.Response{Status: 200, Body: []byte("ok"), Headers: []protocol.Header{
				{Name: "Content-Type", Value: "text/plain"}, {Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}}},
			Refusal: protocol.Response{Status: 503, Headers: []protocol.Header{{Name: "Retry-After", Value: "7"}}},
			Batch:   []byte("batch\n"), BatchID: "id-1", Ack: ack,
		}, nil
	}
}

func start(t *testing.T, cfg Config) (string, *Handler) {
	t.Helper()
	if cfg.Log == nil {
		cfg.Log = quiet
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(h)
	s.Config = NewServer(h)
	s.Config.ErrorLog = slog.NewLogLogger(quiet.Handler(), slog.LevelError)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL, h
}

func post(t *testing.T, url, body string) *http.Response {
	t.Helper()
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestAnswersOnceAHostHoldsTheBatch(t *testing.T) {
	var taken string
	url, _ := start(t, Config{Engine: storing(envelope.AckStored), Forward: host(func(id string, batch []byte) error {
		taken = id + " " + string(batch)
		return nil
	})})
	resp := post(t, url, "{}")
	if taken != "id-1 batch\n" {
		t.Errorf("the host took %q", taken)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || string(body) != "ok" {
		t.Errorf("answer = %d %q", resp.StatusCode, body)
	}
	if got := resp.Header["Set-Cookie"]; !reflect.DeepEqual(got, []string{"a=1", "b=2"}) {
		t.Errorf("cookies = %q, want two apart", got)
	}
}

func TestRefusesWhenNobodyTakesTheBatch(t *testing.T) {
	for _, ack := range []envelope.Ack{envelope.AckStored, envelope.AckDelivered, envelope.AckQueued} {
		url, _ := start(t, Config{Engine: storing(ack), Forward: host(func(string, []byte) error { return errors.New("down") })})
		if resp := post(t, url, "{}"); resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "7" {
			t.Errorf("ack %v: answer = %d, Retry-After %q, want the refusal", ack, resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	}
}

func TestNothingToStoreIsNotForwarded(t *testing.T) {
	url, _ := start(t, Config{
		Engine: engine(func(*collector.Input) (*collector.Outcome, error) {
			return &collector.Outcome{Response: protocol.Response{Status: 204}}, nil
		}),
		Forward: host(func(string, []byte) error { t.Error("an empty batch was forwarded"); return nil }),
	})
	if resp := post(t, url, "{}"); resp.StatusCode != 204 {
		t.Errorf("status = %d, want 204", resp.StatusCode)
	}
}

func TestFastAnswersFirstAndDrainWaits(t *testing.T) {
	release, taken := make(chan struct{}), make(chan string, 3)
	url, h := start(t, Config{Engine: storing(envelope.AckFast), MaxBackground: 2, Forward: host(func(id string, batch []byte) error {
		<-release
		taken <- string(batch)
		return nil
	})})
	for range 2 {
		if resp := post(t, url, "{}"); resp.StatusCode != 200 {
			t.Errorf("status = %d, want 200", resp.StatusCode)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Drain(ended); err == nil {
		t.Error("Drain returned while batches were under way")
	}
	// The third finds no room in the background: its answer waits for the host.
	third := make(chan int, 1)
	go func() { third <- post(t, url, "{}").StatusCode }()
	select {
	case status := <-third:
		t.Errorf("the third request was answered %d before any batch was taken", status)
	case release <- struct{}{}:
	}
	close(release)
	if status := <-third; status != 200 {
		t.Errorf("the third request was answered %d", status)
	}
	if err := h.Drain(t.Context()); err != nil {
		t.Error(err)
	}
	for range 3 {
		if batch := <-taken; batch != "batch\n" {
			t.Errorf("the host took %q", batch)
		}
	}
}

func TestARequestAsItReachesTheEngine(t *testing.T) {
	var got collector.Input
	var body string
	url, _ := start(t, Config{
		Engine: engine(func(in *collector.Input) (*collector.Outcome, error) {
			got, body = *in, string(in.Request.Body)
			return &collector.Outcome{Response: protocol.Response{Status: 200}}, nil
		}),
		Forward: host(taking), MaxBody: 8, Now: func() time.Time { return time.UnixMilli(1234) },
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST /a%%2Fb/../c?x=%%20&y HTTP/1.1\r\nHost: edge.example:80\r\nX-B: 2\r\nX-A: 1\r\nX-B: 3\r\nContent-Length: 9\r\n\r\n123456789")
	if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
		t.Fatal(err)
	}
	want := protocol.Request{
		Method: "POST", Path: "/a%2Fb/../c", Query: "x=%20&y", Host: "edge.example:80", ClientIP: "127.0.0.1", BodyTooLarge: true,
		Headers: []protocol.Header{{Name: "Content-Length", Value: "9"}, {Name: "X-A", Value: "1"}, {Name: "X-B", Value: "2, 3"}},
		Body:    got.Request.Body,
	}
	if !reflect.DeepEqual(got.Request, want) {
		t.Errorf("request = %+v\nwant      %+v", got.Request, want)
	}
	if body != "12345678" {
		t.Errorf("body = %q, want the first eight bytes", body)
	}
	if got.NowMillis != 1234 {
		t.Errorf("now = %d, want 1234", got.NowMillis)
	}
	if got.Entropy == [32]byte{} {
		t.Error("no entropy")
	}
}

func TestABodyOfExactlyTheLimitIsWhole(t *testing.T) {
	for n, whole := range map[int]bool{0: true, 7: true, 8: true, 9: false, 5000: false} {
		var got collector.Input
		url, _ := start(t, Config{MaxBody: 8, Forward: host(taking), Engine: engine(func(in *collector.Input) (*collector.Outcome, error) {
			got = *in
			return &collector.Outcome{Response: protocol.Response{Status: 200}}, nil
		})})
		// An unknown length is read in pieces.
		req, err := http.NewRequest("POST", url, io.MultiReader(strings.NewReader(strings.Repeat("x", n))))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got.Request.BodyTooLarge == whole || len(got.Request.Body) != min(n, 8) {
			t.Errorf("%d bytes: %d were read, too large: %v", n, len(got.Request.Body), got.Request.BodyTooLarge)
		}
	}
}

func TestSlowBodiesAreCut(t *testing.T) {
	url, _ := start(t, Config{Engine: storing(envelope.AckStored), Forward: host(taking), BodyTimeout: 20 * time.Millisecond})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nOrigin: https://shop.example\r\nContent-Length: 10\r\n\r\n123")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 408 || resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("answer = %d with Access-Control-Allow-Origin %q", resp.StatusCode, resp.Header.Get("Access-Control-Allow-Origin"))
	}
}

// A connection that was read within the time stays good for the next request.
func TestTheBodyDeadlineEndsWithTheBody(t *testing.T) {
	waited := make(chan struct{})
	url, _ := start(t, Config{Forward: host(taking), BodyTimeout: time.Millisecond, Engine: engine(func(in *collector.Input) (*collector.Outcome, error) {
		<-waited
		return &collector.Outcome{Response: protocol.Response{Status: 200}}, nil
	})})
	time.AfterFunc(20*time.Millisecond, func() { close(waited) })
	for range 2 {
		if resp := post(t, url, ""); resp.StatusCode != 200 {
			t.Errorf("status = %d, want 200", resp.StatusCode)
		}
	}
}

func TestAnEngineThatFails(t *testing.T) {
	url, _ := start(t, Config{Forward: host(taking), Engine: engine(func(*collector.Input) (*collector.Outcome, error) {
		return nil, errors.New("no instance")
	})})
	resp := post(t, url, "{}")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("answer = %d %v", resp.StatusCode, resp.Header)
	}
}

func TestTheClientsAddress(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"[::ffff:192.0.2.1]:5", "", "192.0.2.1"},
		{"[fe80::1%eth0]:5", "", "fe80::1"},
		{"nonsense", "", ""},
		{"10.0.0.1:5", "", "10.0.0.1"},
		{"10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "203.0.113.9, 198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:5", "198.51.100.7, 10.0.0.2,2001:db8::9", "198.51.100.7"},
		{"10.0.0.1:5", "[2a00::1]:443", "2a00::1"},
		{"10.0.0.1:5", "2a00::1", "2a00::1"},
		{"10.0.0.1:5", "198.51.100.7, unknown", "10.0.0.1"},
		{"10.0.0.1:5", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
	} {
		h := &Handler{cfg: Config{TrustedProxies: trusted}}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := text(h.client(r)); got != c.want {
			t.Errorf("peer %s, X-Forwarded-For %q: client = %q, want %q", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestOnlyTrustedProxiesSpeakOfTLS(t *testing.T) {
	for peer, want := range map[string]bool{"10.0.0.1:5": true, "192.0.2.1:5": false} {
		h, err := New(Config{Engine: storing(0), Forward: host(taking), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = peer
		r.Header.Set("X-Forwarded-Proto", "https")
		x := new(exchange)
		if err := h.read(x, httptest.NewRecorder(), r); err != nil {
			t.Fatal(err)
		}
		if x.in.Request.Secure != want {
			t.Errorf("peer %s: secure = %v, want %v", peer, x.in.Request.Secure, want)
		}
	}
}

// The server writes the header of an answer only after the handler has returned
// and its room may serve another request.
func TestAnAnswerOutlivesItsRequest(t *testing.T) {
	_, h := start(t, Config{Engine: engine(func(in *collector.Input) (*collector.Outcome, error) {
		return &collector.Outcome{Response: protocol.Response{Status: 200, Headers: []protocol.Header{{Name: "Location", Value: in.Request.Path}}}}, nil
	}), Forward: host(taking)})
	var answers []*httptest.ResponseRecorder
	for n := range 20 {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", fmt.Sprintf("/request/%02d", n), nil))
		answers = append(answers, w)
	}
	for n, w := range answers {
		if got, want := w.Result().Header.Get("Location"), fmt.Sprintf("/request/%02d", n); got != want {
			t.Errorf("answer %d has the header of another: %q", n, got)
		}
	}
}
