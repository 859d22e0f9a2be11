package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fastly/compute-sdk-go/fsthttp"
	"github.com/fastly/compute-sdk-go/fsttest"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// fixed is a platform that says what a test wants.
type fixed struct{ in *collector.Input }

func (p fixed) Now() time.Time                  { return time.UnixMilli(p.in.NowMillis) }
func (p fixed) Entropy(dst *[32]byte)           { *dst = p.in.Entropy }
func (p fixed) Bot() collector.BotScore         { return p.in.Bot }
func (p fixed) Locate(string) envelope.Location { return p.in.Location }

// hosts answers in turn what stands in its list and keeps what was sent.
type hosts struct {
	answers []string // "status body", or an error's text
	sent    []*fsthttp.Request
	to      []string
	batches [][]byte
}

func (s *hosts) send(ctx context.Context, r *fsthttp.Request, backend string) (*fsthttp.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	s.sent, s.to, s.batches = append(s.sent, r), append(s.to, backend), append(s.batches, body)
	say := s.answers[0]
	s.answers = s.answers[1:]
	var status int
	var text string
	if n, _ := fmt.Sscanf(say, "%d %s", &status, &text); n == 0 {
		return nil, errors.New(say)
	}
	text = strings.ReplaceAll(text, "ID", r.Header.Get("webhook-id"))
	return &fsthttp.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader(text))}, nil
}

const taken = `200 {"batch":"ID","events":1,"duplicate":false}`

func open(t *testing.T, list, settings string, bundle []byte, in *collector.Input, s *hosts) *handler {
	t.Helper()
	h, err := newHandler(list, secret, []byte(settings), bundle)
	if err != nil {
		t.Fatal(err)
	}
	h.platform, h.forward.send = fixed{in}, s.send
	return h
}

// request is in as Fastly's SDK hands it to a program.
func request(in *collector.Input) (*fsthttp.Request, error) {
	q := &in.Request
	scheme := "http"
	if q.Secure {
		scheme = "https"
	}
	target := scheme + "://" + q.Host + q.Path
	if q.Query != "" {
		target += "?" + q.Query
	}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, err
	}
	r := &fsthttp.Request{Method: q.Method, URL: u, Host: u.Host, RemoteAddr: q.ClientIP, Header: fsthttp.NewHeader(), Body: io.NopCloser(bytes.NewReader(q.Body))}
	for _, h := range q.Headers {
		r.Header.Add(h.Name, h.Value)
	}
	return r, nil
}

// The suite goes through the handler's own reading of Fastly's requests, and
// its answer must be the outcome's.
func TestGoldenSuite(t *testing.T) {
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		return func(in *collector.Input) (*collector.Outcome, error) {
			s := &hosts{answers: []string{taken}}
			h := open(t, "https://one.example", string(settings), bundle, in, s)
			if in.Request.BodyTooLarge {
				h.maxBody = len(in.Request.Body)
				in.Request.Body = append(in.Request.Body[:h.maxBody:h.maxBody], "more"...)
			}
			r, err := request(in)
			if err != nil {
				return nil, err
			}
			if in.Trapped {
				// A sandbox that traps is gone, and with it who could try again: only the reading is Fastly's.
				if err := h.read(r); err != nil {
					return nil, err
				}
				h.in.Trapped = true
				return h.collector.Collect(&h.in), nil
			}
			w := fsttest.NewRecorder()
			h.serve(context.Background(), w, r)
			// The answer is the collector's memory, good until its next request.
			answered := fmt.Sprintf("%d %v %q", w.Code, w.HeaderMap, w.Body)
			out := h.collector.Collect(&h.in)
			if err := same(answered, &out.Response); err != nil {
				return nil, err
			}
			if len(out.Batch) > 0 && (len(s.batches) != 1 || !bytes.Equal(s.batches[0], out.Batch)) {
				return nil, fmt.Errorf("%d batches were sent, or another one: %s", len(s.batches), s.batches)
			}
			return out, nil
		}
	})
	need.Ran(t, "golden", "fastly-native")
}

// same compares an answer with the one that the collector gave. A map of
// headers keeps no order among names.
func same(answered string, want *protocol.Response) error {
	header := fsthttp.NewHeader()
	for _, h := range want.Headers {
		header.Add(h.Name, h.Value)
	}
	if want := fmt.Sprintf("%d %v %q", want.Status, header, bytes.NewBuffer(want.Body)); answered != want {
		return fmt.Errorf("answered %s, want %s", answered, want)
	}
	return nil
}

func pageView() *collector.Input {
	return &collector.Input{
		Request:   protocol.Request{Method: "GET", Host: "c.example", Path: "/i", Query: "e=pv&p=web&tv=x", Secure: true, ClientIP: "192.0.2.7"},
		NowMillis: 1795215804123,
	}
}

func TestTheLadderOfHosts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		answers []string
		to      string
		status  int
	}{
		{"the first takes it", []string{taken}, "host1", 200},
		{"the first is down", []string{"connection refused", taken}, "host1 host2", 200},
		{"the first is full", []string{"503 full", taken}, "host1 host2", 200},
		{"the first is no weir host", []string{"200 hello", taken}, "host1 host2", 200},
		{"the first names another batch", []string{`200 {"batch":"other"}`, taken}, "host1 host2", 200},
		{"nobody takes it", []string{"401 no", "connection refused"}, "host1 host2", 503},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in, s := pageView(), &hosts{answers: tt.answers}
			h := open(t, "https://one.example, https://two.example/", "", nil, in, s)
			r, err := request(in)
			if err != nil {
				t.Fatal(err)
			}
			w := fsttest.NewRecorder()
			h.serve(t.Context(), w, r)
			if w.Code != tt.status || strings.Join(s.to, " ") != tt.to {
				t.Errorf("answered %d after asking %v, want %d after %s", w.Code, s.to, tt.status, tt.to)
			}
			if retry := w.HeaderMap.Get("Retry-After"); (retry != "") != (tt.status == 503) {
				t.Errorf("Retry-After = %q with %d", retry, w.Code)
			}
			for n, q := range s.sent {
				if want := []string{"https://one.example/v1/batches", "https://two.example/v1/batches"}[n]; q.URL.String() != want || !q.CacheOptions.Pass {
					t.Errorf("sent to %s, cached: %v; want %s, past the cache", q.URL, !q.CacheOptions.Pass, want)
				}
				key, err := signature.ParseSecret(secret)
				if err != nil {
					t.Fatal(err)
				}
				if err := signature.Verify([][]byte{key}, q.Header.Get("webhook-id"), q.Header.Get("webhook-timestamp"), q.Header.Get("webhook-signature"), s.batches[n], h.platform.Now()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A host that does not answer is given up in time for the tracker to hear of it.
func TestASilentHostIsGivenUp(t *testing.T) {
	in := pageView()
	h := open(t, "https://one.example,https://two.example,https://three.example", "", nil, in, nil)
	asked := 0
	h.forward.send = func(ctx context.Context, _ *fsthttp.Request, _ string) (*fsthttp.Response, error) {
		asked++
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > tryTimeout {
			t.Errorf("host %d has no deadline of its own", asked)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r, err := request(in)
	if err != nil {
		t.Fatal(err)
	}
	w := fsttest.NewRecorder()
	h.serve(t.Context(), w, r)
	if w.Code != 503 || asked != int(deadline/tryTimeout) {
		t.Errorf("answered %d after %d hosts, want 503 after %d", w.Code, asked, deadline/tryTimeout)
	}
}

func TestFastAnswersFirst(t *testing.T) {
	in := pageView()
	h := open(t, "https://one.example", `{"ack":"fast"}`, nil, in, nil)
	w := fsttest.NewRecorder()
	answered := 0
	h.forward.send = func(context.Context, *fsthttp.Request, string) (*fsthttp.Response, error) {
		answered = w.Body.Len()
		return nil, errors.New("down")
	}
	r, err := request(in)
	if err != nil {
		t.Fatal(err)
	}
	h.serve(t.Context(), w, r)
	if answered == 0 || w.Code != 200 {
		t.Errorf("answered %d with %d bytes before the host was asked", w.Code, answered)
	}
}

func TestABrokenBodyIsNoEvent(t *testing.T) {
	in, s := pageView(), &hosts{}
	h := open(t, "https://one.example", "", nil, in, s)
	r, err := request(in)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("reset"))))
	r.Header.Set("Origin", "https://shop.example")
	w := fsttest.NewRecorder()
	h.serve(t.Context(), w, r)
	if w.Code != 408 || len(s.sent) != 0 || w.HeaderMap.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("answered %d %v, sent %d batches", w.Code, w.HeaderMap, len(s.sent))
	}
}

func TestFaultyStores(t *testing.T) {
	for _, tt := range []struct{ hosts, secret, settings, want string }{
		{"", secret, "", "hosts: must be the base URLs"},
		{"host.example", secret, "", `hosts: "host.example" is not a base URL`},
		{"https://u:p@host.example", secret, "", "is not a base URL"},
		{"https://host.example", "hunter2", "", "secret store weir-secrets: secret: "},
		{"https://host.example", secret, `{"nonsense":1}`, "config store weir: settings: nonsense"},
	} {
		_, err := newHandler(tt.hosts, tt.secret, []byte(tt.settings), nil)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("hosts %q, settings %s: %v, want %q", tt.hosts, tt.settings, err, tt.want)
		}
	}
}

// Off Fastly every store is closed to the program, which says so and keeps trackers waiting.
func TestWithoutStores(t *testing.T) {
	if _, err := start(settingsKey); err == nil || !strings.Contains(err.Error(), "config store weir") {
		t.Errorf("start: %v, want an error that names the store", err)
	}
	w := fsttest.NewRecorder()
	unconfigured(t.Context(), w, &fsthttp.Request{Header: fsthttp.NewHeader()})
	if w.Code != 503 || w.HeaderMap.Get("Retry-After") == "" {
		t.Errorf("answered %d %v", w.Code, w.HeaderMap)
	}
}

func TestLocation(t *testing.T) {
	const found = `{"as_name":"Example \"Net\"","as_number":64496,"area_code":0,"city":"berlin","continent":"EU","country_code":"DE","latitude":52.52,"longitude":-13.405049,"region":"BE","utc_offset":200}`
	berlin := envelope.Location{Country: "DE", Region: "BE", City: "berlin", Continent: "EU", Latitude: "52.52", Longitude: "-13.4050", ASN: "64496", ASOrg: `Example "Net"`, Colo: "TXL"}
	for _, tt := range []struct {
		found string
		want  envelope.Location
	}{
		{found, berlin},
		{`{"city":"?","country_code":"**","as_number":0,"latitude":0.0,"longitude":-0.0}`, envelope.Location{Colo: "TXL"}},
		{`{"latitude":0,"longitude":32.5}`, envelope.Location{Latitude: "0", Longitude: "32.5", Colo: "TXL"}},
		{`{"latitude":1e-7,"longitude":0}`, envelope.Location{Colo: "TXL"}},
		{`{"city":null,"as_number":"64496"}`, envelope.Location{Colo: "TXL"}},
		{"", envelope.Location{Colo: "TXL"}},
		{found[:60], envelope.Location{Colo: "TXL"}},
	} {
		if got := location([]byte(tt.found), "TXL"); got != tt.want {
			t.Errorf("%s:\n%+v, want\n%+v", tt.found, got, tt.want)
		}
	}
}
