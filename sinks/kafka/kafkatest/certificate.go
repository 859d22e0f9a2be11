//go:build unix

package kafkatest

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
	"slices"
	"time"
)

// certify makes an authority, a certificate for the brokers and one for a client.
func certify(dir string) (f Files, err error) {
	f = Files{CA: filepath.Join(dir, "ca.pem"), Cert: filepath.Join(dir, "client.pem"), Key: filepath.Join(dir, "client.key")}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caKey, authority, _, err := issue(ca, ca, nil)
	if err != nil {
		return f, err
	}
	broker := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	_, brokerCert, brokerKey, err := issue(broker, ca, caKey)
	if err != nil {
		return f, err
	}
	client := &x509.Certificate{SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "weir"}}
	_, clientCert, clientKey, err := issue(client, ca, caKey)
	if err != nil {
		return f, err
	}
	for path, text := range map[string][]byte{
		f.CA: authority, f.Cert: clientCert, f.Key: clientKey,
		filepath.Join(dir, "broker.pem"): slices.Concat(brokerKey, brokerCert, authority),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return f, err
		}
	}
	return f, nil
}

// issue returns a key, and certificate and key in PEM. Without a parent's key the certificate signs itself.
func issue(template, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (key *ecdsa.PrivateKey, certPEM, keyPEM []byte, err error) {
	if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, nil, nil, err
	}
	if parentKey == nil {
		parentKey = key
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), nil
}
