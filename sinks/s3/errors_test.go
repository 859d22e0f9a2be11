//go:build unix

package s3

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// TestAdvice asks the real server for what operators get wrong.
func TestAdvice(t *testing.T) {
	s := start(t)
	bucket := s.bucket(t)
	for what, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"bucket": {func(c *Config) { c.Bucket = "missing" }, "there is no bucket missing: create it, or set bucket (NoSuchBucket)"},
		"secret": {func(c *Config) { c.SecretKey = "canary" }, "set access_key and secret_key, or the environment's, anew (SignatureDoesNotMatch)"},
		"key":    {func(c *Config) { c.AccessKey = "nobody" }, "set access_key and secret_key, or the environment's, anew (InvalidAccessKeyId)"},
		"region": {func(c *Config) { c.Region = "eu-north-1" }, "the bucket is not in eu-north-1: set region"},
	} {
		sink := s.sink(t, Config{Bucket: bucket})
		c.change(&sink.config)
		open(t, sink)
		for _, err := range []error{sink.Check(t.Context()), sink.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)})} {
			if err == nil || !strings.Contains(err.Error(), c.want) || sinks.IsPermanent(err) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: the error is %v, want %q", what, err, c.want)
			}
		}
	}
}

// answering returns an open sink of a service that gives one answer to everything.
func answering(t *testing.T, c Config, answer http.HandlerFunc) *Sink {
	t.Helper()
	fake := httptest.NewServer(answer)
	t.Cleanup(fake.Close)
	c.Bucket = "bucket"
	return open(t, (&server{address: fake.Listener.Addr().String()}).sink(t, c))
}

// TestAnswers: each request is sent once, and being asked to slow down is told apart.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status    int
		code      string
		throttled bool
		want      string
	}{
		{503, "SlowDown", true, "slow down"},
		{429, "", true, "slow down"},
		{503, "", true, "slow down"},
		{500, "InternalError", false, "500 (InternalError)"},
		{403, "AccessDenied", false, "allow it s3:PutObject on arn:aws:s3:::bucket/*"},
		{403, "RequestTimeTooSkewed", false, "clock"},
		{400, "InvalidStorageClass", false, "storage_class"},
		{400, "KMS.NotFoundException", false, "kms_key"},
		{301, "PermanentRedirect", false, "set region"},
		{507, "XMinioStorageFull", false, "full"},
		{502, "", false, "502"},
	} {
		requests := 0
		s := answering(t, Config{}, func(w http.ResponseWriter, _ *http.Request) {
			requests++
			w.WriteHeader(c.status)
			if c.code != "" {
				fmt.Fprintf(w, "<Error><Code>%s</Code><Message>canary</Message></Error>", c.code)
			}
		})
		err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)})
		_, throttled := sinks.IsThrottled(err)
		if err == nil || throttled != c.throttled || sinks.IsPermanent(err) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%d %s: the error is %v, throttled %t", c.status, c.code, err, throttled)
		}
		if requests != 1 {
			t.Errorf("%d %s: %d requests were sent", c.status, c.code, requests)
		}
		if errors.Is(err, sinks.ErrNotConnected) {
			t.Errorf("%d %s: events are not looked at one by one, although nothing is stored: %v", c.status, c.code, err)
		}
	}
}

// TestUnanswered: an object that may be stored is written again under its name;
// its events are not, under others.
func TestUnanswered(t *testing.T) {
	for what, answer := range map[string]http.HandlerFunc{
		"cut off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"nonsense": func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			conn.Write([]byte("\x00\xff nonsense \r\n\r\n"))
			conn.Close()
		},
		"silence": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		s := answering(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			answer(w, r)
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := s.Write(ctx, sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)})
		cancel()
		if !errors.Is(err, sinks.ErrNotConnected) {
			t.Errorf("%s: %v, want ErrNotConnected", what, err)
		}
	}
}

// TestHeaders: what is configured is asked for, when writing and when checking.
func TestHeaders(t *testing.T) {
	var got []http.Header
	s := answering(t, Config{}, func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header)
		io.Copy(io.Discard, r.Body)
		w.Header().Set("ETag", `"e"`)
		if r.Method == http.MethodPost {
			io.WriteString(w, "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><UploadId>u</UploadId></InitiateMultipartUploadResult>")
		} else if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
		}
	})
	c := s.config
	c.StorageClass, c.SSE, c.KMSKey = "STANDARD_IA", "aws:kms", "the-key"
	s, err := newSink(c)
	if err != nil {
		t.Fatal(err)
	}
	write(t, open(t, s), sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)})
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 { // put, begin, give up
		t.Fatalf("%d requests", len(got))
	}
	for i, h := range got[:2] {
		if h.Get("X-Amz-Storage-Class") != "STANDARD_IA" || h.Get("X-Amz-Server-Side-Encryption") != "aws:kms" || h.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id") != "the-key" {
			t.Errorf("request %d has %v", i, h)
		}
	}
	if got[0].Get("Content-Md5") == "" || got[0].Get("Content-Type") != "application/gzip" {
		t.Errorf("the object has %v", got[0])
	}
}

// TestEnvironment takes the keys from where programs of AWS do.
func TestEnvironment(t *testing.T) {
	s := start(t)
	t.Setenv("AWS_ACCESS_KEY_ID", writer)
	t.Setenv("AWS_SECRET_ACCESS_KEY", writerSecret)
	sink := s.sink(t, Config{Bucket: s.bucket(t)})
	sink.config.AccessKey, sink.config.SecretKey = "", ""
	if err := sink.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestTLS reaches the server through TLS whose authority ca names, and does not without.
func TestTLS(t *testing.T) {
	s := start(t)
	proxy := httptest.NewUnstartedServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host, r.Out.Host = "http", s.address, r.In.Host
	}})
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0) // refusals are what it is for
	proxy.StartTLS()
	defer proxy.Close()
	c := s.sink(t, Config{Bucket: s.bucket(t)}).config
	c.Endpoint, c.Insecure = proxy.URL, false
	sink, err := newSink(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := sink.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown authority gives %v", err)
	}
	c.CA = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(c.CA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	if sink, err = newSink(c); err != nil {
		t.Fatal(err)
	}
	write(t, open(t, sink), sinks.Batch{ID: "b", Events: sinktest.Events(1, 2)})
	if err := sink.Check(t.Context()); err != nil {
		t.Error(err)
	}
	c.CA = filepath.Join(t.TempDir(), "none.pem")
	if sink, err = newSink(c); err != nil {
		t.Fatal(err)
	}
	if err := sink.Open(t.Context()); err == nil || !strings.Contains(err.Error(), "ca: ") {
		t.Errorf("a missing file gives %v", err)
	}
}

func TestNearby(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:9000": true, "[::1]:9000": true, "10.1.2.3:80": true, "192.168.1.1:80": true, "172.16.0.1:80": true, "[fd00::1]:80": true, "[::ffff:10.0.0.1]:80": true,
		"8.8.8.8:80": false, "[2001:db8::1]:80": false, "169.254.169.254:80": false, "100.64.0.1:80": false, "0.0.0.0:80": false, "[::ffff:8.8.8.8]:80": false, "localhost:80": false,
	} {
		if err := nearby("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s gives %v", address, err)
		}
	}
}

func TestValidate(t *testing.T) {
	kind, _ := sinks.Lookup("s3")
	for want, change := range map[string]func(*Config){
		"endpoint: not a URL":            func(c *Config) { c.Endpoint = "s3.example.com" },
		"endpoint: not a URL of":         func(c *Config) { c.Endpoint = "https://s3.example.com/bucket" },
		"endpoint: plain http":           func(c *Config) { c.Endpoint = "http://10.0.0.1:9000" },
		"bucket: required":               func(c *Config) { c.Bucket = "" },
		"bucket: \"a/b\"":                func(c *Config) { c.Bucket = "a/b" },
		"access_key, secret_key: give":   func(c *Config) { c.AccessKey = "a" },
		"name: {app} is none of":         func(c *Config) { c.Name = "{app}/{batch}" },
		"format: \"avro\" is none":       func(c *Config) { c.Format = "avro" },
		"compression: \"lz4\" is none":   func(c *Config) { c.Compression = "lz4" },
		"decimals: \"numeric\" is none":  func(c *Config) { c.Decimals = "numeric" },
		"storage_class: \"cold, cold\"":  func(c *Config) { c.StorageClass = "cold, cold" },
		"sse: \"aes\" is none":           func(c *Config) { c.SSE = "aes" },
		"kms_key: is for sse: aws:kms":   func(c *Config) { c.KMSKey = "a" },
		"events, bytes, in_flight: must": func(c *Config) { c.InFlight = 0 },
	} {
		c := kind.Config().(*Config)
		c.Bucket = "bucket"
		change(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
}
