package listen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// ACME says how certificates are obtained from an authority that speaks ACME
// (RFC 8555). It proves a name by TLS-ALPN-01 (RFC 8737) alone: the authority
// connects to port 443 of the name, which must lead to this listener.
type ACME struct {
	Names     []string // DNS names to have certificates for; others are refused
	Cache     string   // folder of the account's key and the certificates, made with mode 0700
	Email     string   // whom the authority writes to; optional
	Directory string   // URL of the authority; empty: Let's Encrypt
	CA        string   // PEM file to trust the authority's own certificate by; empty: the system's
}

// TLS returns the configuration that obtains certificates when they are asked
// for, and renews them 30 days before they end. Using it means to agree to the
// authority's terms of service.
func (a *ACME) TLS() (*tls.Config, error) {
	if len(a.Names) == 0 || a.Cache == "" {
		return nil, errors.New("ACME: names and a folder that keeps the certificates are required")
	}
	for _, name := range a.Names {
		if strings.ContainsAny(name, "*:/ ") || !strings.Contains(name, ".") || net.ParseIP(name) != nil {
			return nil, fmt.Errorf("ACME: %q is not a DNS name that a certificate can be had for here, such as events.example.com", name)
		}
	}
	client := &acme.Client{DirectoryURL: a.Directory, UserAgent: "weir"}
	if a.CA != "" {
		pem, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fmt.Errorf("ACME: reading the authority's certificate: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ACME: %s holds no certificate in PEM", a.CA)
		}
		client.HTTPClient = &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	}
	m := &autocert.Manager{
		Prompt:     autocert.AcceptTOS,
		Cache:      autocert.DirCache(a.Cache),
		HostPolicy: autocert.HostWhitelist(a.Names...),
		Email:      a.Email,
		Client:     client,
	}
	return m.TLSConfig(), nil
}
