package http

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"weir/sinks"
	"weir/sinks/sinktest"
)

func TestGuard(t *testing.T) {
	public := []string{"1.1.1.1", "9.9.9.9", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "192.167.0.1", "198.20.0.1", "223.255.255.255",
		"2606:4700:4700::1111", "2a00:1450::1", "::ffff:1.1.1.1"}
	private := []string{"127.0.0.1", "127.255.0.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
		"100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fdaa::3", "ff02::1", "fec0::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001:db8::1",
		"2002:7f00:1::", "2001::1", "3fff::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1"}
	listed := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/16")}
	https, plain := guard{private: listed, public: true}, guard{private: listed}
	for _, text := range public {
		if err := https.allow(netip.MustParseAddr(text)); err != nil {
			t.Errorf("https to %s: %v", text, err)
		}
		if err := plain.allow(netip.MustParseAddr(text)); err == nil {
			t.Errorf("http to %s is allowed", text)
		}
	}
	for _, text := range append(private, "fd01::1", "10.2.0.1") {
		if strings.HasPrefix(text, "fd00:") {
			continue // listed
		}
		for _, g := range []guard{https, plain, {public: true}} {
			if g.allow(netip.MustParseAddr(text)) == nil {
				t.Errorf("%s is allowed", text)
			}
		}
	}
	for _, text := range []string{"10.1.2.3", "::ffff:10.1.2.3", "fd00::1"} {
		for _, g := range []guard{https, plain} {
			if err := g.allow(netip.MustParseAddr(text)); err != nil {
				t.Errorf("%s is listed: %v", text, err)
			}
		}
	}
	if (guard{public: true}).allow(netip.MustParseAddr("fd00:ec2::254")) == nil {
		t.Error("fd00:ec2::254 is allowed")
	}
	for _, address := range []string{"", "host:80", "1.1.1.1", "[::1]"} {
		if (guard{public: true}).control("tcp", address, nil) == nil {
			t.Errorf("%q is allowed", address)
		}
	}
}

// TestGuardIsAsked: a name that leads to loopback is refused when it is dialled,
// by Write as by Check.
func TestGuardIsAsked(t *testing.T) {
	reached := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	for _, url := range []string{server.URL, strings.Replace(server.URL, "127.0.0.1", "localhost", 1)} {
		s := sink(t, Config{URL: sinks.Secret(url), Private: []string{"10.1.0.0/16"}})
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("Check of %s gives %v", url, err)
		}
		if err := s.Open(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), sinks.Batch{ID: "b", Events: sinktest.Events(1, 1)}); err == nil || !strings.Contains(err.Error(), "not a public address") {
			t.Errorf("Write to %s gives %v", url, err)
		}
	}
	if reached {
		t.Error("a request got through")
	}
}

func TestValidate(t *testing.T) {
	good := func() *Config {
		kind, _ := sinks.Lookup("http")
		c := kind.Config().(*Config)
		c.URL = "https://example.com/hook"
		return c
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for key, spoil := range map[string]func(*Config){
		"url: required":           func(c *Config) { c.URL = "" },
		"url: not an https":       func(c *Config) { c.URL = "ftp://canary" },
		"url: plain http":         func(c *Config) { c.URL = "http://example.com/canary" },
		"url: move user":          func(c *Config) { c.URL = "https://u:canary@example.com" },
		"secret: ":                func(c *Config) { c.Secret = "canary" },
		"headers: Webhook-Id":     func(c *Config) { c.Headers = map[string]sinks.Secret{"Webhook-Id": "x"} },
		`headers: "a b"`:          func(c *Config) { c.Headers = map[string]sinks.Secret{"a b": "x"} },
		`headers: "X-Token"`:      func(c *Config) { c.Headers = map[string]sinks.Secret{"X-Token": "canary\r\nx: y"} },
		"format: ":                func(c *Config) { c.Format = "xml" },
		"timeout: ":               func(c *Config) { c.Timeout = 0 },
		"events, bytes":           func(c *Config) { c.InFlight = 0 },
		`responses: "600"`:        func(c *Config) { c.Responses = map[string]string{"600": "ok"} },
		`responses: "4x4"`:        func(c *Config) { c.Responses = map[string]string{"4x4": "ok"} },
		`responses: 404: "maybe"`: func(c *Config) { c.Responses = map[string]string{"404": "maybe"} },
		`private: "10.0.0.1"`:     func(c *Config) { c.Private = []string{"10.0.0.1"} },
	} {
		c := good()
		spoil(c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "canary") {
			t.Errorf("want an error with %q, got %v", key, err)
		}
	}
}
