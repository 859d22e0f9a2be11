//go:build unix

package nats

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"

	"weir/sinks/sinktest"
	"weir/sinks/sinktest/authority"
)

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	if err := authority.Write(dir); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	ca, cert, key := in("ca.pem"), in("client.pem"), in("client.key")
	options := []nats.Option{nats.RootCAs(ca), nats.ClientCert(cert, key), nats.Token("hunter2")}
	server := startServer(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\nauthorization { token: hunter2 }", in("server.pem"), in("server.key"), ca), options...)
	c := config(server)
	c.Servers, c.User, c.Password, c.Token = []string{strings.Replace(server.url(), "nats:", "tls:", 1)}, "", "", "hunter2"
	c.CA, c.Cert, c.Key = ca, cert, key
	write(t, opened(t, c), sinktest.Events(1, 3)...)
	if err := sink(t, c).Check(t.Context()); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"an authority that it does not know": func(c *Config) { c.CA = "" },
		"without a certificate of its own":   func(c *Config) { c.Cert, c.Key = "", "" },
		"a file that is not there":           func(c *Config) { c.CA += ".gone" },
		"another token":                      func(c *Config) { c.Token = "guessed" },
	} {
		wrong := c
		change(&wrong)
		if err := sink(t, wrong).Open(t.Context()); err == nil || strings.Contains(err.Error(), "guessed") {
			t.Errorf("%s: Open gives %v", name, err)
		}
	}
}
