//go:build unix

package nats

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"weir/sinks/sinktest"
)

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	options := []nats.Option{nats.RootCAs(cert), nats.ClientCert(cert, key), nats.Token("hunter2")}
	server := startServer(t, fmt.Sprintf("tls { cert_file: %q, key_file: %q, ca_file: %q, verify: true }\nauthorization { token: hunter2 }", cert, key, cert), options...)
	c := config(server)
	c.Servers, c.User, c.Password, c.Token = []string{strings.Replace(server.url(), "nats:", "tls:", 1)}, "", "", "hunter2"
	c.CA, c.Cert, c.Key = cert, cert, key
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

// certificate makes one for loopback that is its own authority.
func certificate(t *testing.T) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "weir"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	save := func(name, kind string, der []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return save("cert.pem", "CERTIFICATE", der), save("key.pem", "PRIVATE KEY", secret)
}
