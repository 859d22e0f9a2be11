package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/host/config"
)

// newCertificate writes a certificate for loopback with a serial number.
func newCertificate(t *testing.T, files config.TLS, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{files.Cert: {Type: "CERTIFICATE", Bytes: cert}, files.Key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A certificate that is replaced is served to the next connections, and one
// that cannot be read changes nothing.
func TestPublicTLS(t *testing.T) {
	r := newRig(t, "a")
	files := config.TLS{Cert: filepath.Join(t.TempDir(), "cert.pem"), Key: filepath.Join(t.TempDir(), "key.pem")}
	newCertificate(t, files, 1)
	r.cfg.Public.TLS = files
	r.start()
	clock := time.Now()
	r.host.certificate.mu.Lock()
	r.host.certificate.now = func() time.Time { return clock }
	r.host.certificate.mu.Unlock()
	serial := func() int64 {
		t.Helper()
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true}}
		resp, err := client.Get("https://" + r.host.PublicAddr() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("answer %s %s", resp.Proto, resp.Status)
		}
		return resp.TLS.PeerCertificates[0].SerialNumber.Int64()
	}
	if got := serial(); got != 1 {
		t.Errorf("certificate %d is served, want 1", got)
	}
	newCertificate(t, files, 2)
	clock = clock.Add(lookEvery)
	if got := serial(); got != 2 {
		t.Errorf("certificate %d is served after it was replaced, want 2", got)
	}
	if err := os.WriteFile(files.Key, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	clock = clock.Add(lookEvery)
	if got := serial(); got != 2 || !strings.Contains(r.logs.String(), files.Key) {
		t.Errorf("certificate %d is served while the key is at fault, want 2; the log is\n%s", got, r.logs)
	}
	resp, err := http.Get("http://" + r.host.PublicAddr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("without TLS the answer is %d", resp.StatusCode)
	}
	r.drain()
	if _, err := New(r.cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), files.Key) {
		t.Errorf("starting with half a key: %v", err)
	}
}
