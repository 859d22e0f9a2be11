//go:build unix

package mysql

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"weir/sinks"
	"weir/sinks/mysql/mysqltest"
	"weir/sinks/sinktest"
)

// TestTLS: a server that takes encrypted connections alone, from clients that
// its authority knows.
func TestTLS(t *testing.T) {
	dir, err := os.MkdirTemp("", "weir-tls-") // which the server's user can read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	cert, key := selfSigned(t, dir, "own")
	server := mysqltest.Start(t, "--ssl-cert="+cert, "--ssl-key="+key, "--ssl-ca="+cert)
	dsn := server.Database(t)
	exec(t, dsn, "CREATE USER guarded REQUIRE X509", "GRANT ALL ON *.* TO guarded")
	guarded := sinks.Secret(as(t, dsn, "guarded"))
	stranger, strangersKey := selfSigned(t, dir, "stranger")
	for _, c := range []struct {
		files TLS
		ok    bool
	}{
		{TLS{CA: cert, Cert: cert, Key: key}, true},
		{TLS{}, false},         // in clear
		{TLS{CA: cert}, false}, // without showing who it is
		{TLS{CA: cert, Cert: stranger, Key: strangersKey}, false},
		{TLS{CA: stranger, Cert: cert, Key: key}, false}, // to somebody else
		{TLS{Cert: cert, Key: key}, false},               // to somebody unknown to the system
		{TLS{CA: filepath.Join(dir, "none")}, false},
		{TLS{CA: key}, false}, // no certificate in it
	} {
		s := sink(t, Config{DSN: guarded, TLS: c.files, Migrate: true})
		err := s.Open(t.Context())
		if ok := err == nil; ok != c.ok {
			t.Errorf("with %+v Open gives %v", c.files, err)
		}
		if err == nil {
			err = s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 1)})
			if err != nil {
				t.Error(err)
			}
		}
		s.Close(t.Context())
	}
}

// selfSigned writes a certificate that is its own authority, good for servers
// on loopback and for clients.
func selfSigned(t *testing.T, dir, name string) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	write := func(suffix, kind string, der []byte) string {
		path := filepath.Join(dir, name+suffix)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write(".pem", "CERTIFICATE", der), write(".key", "PRIVATE KEY", pkcs8)
}
