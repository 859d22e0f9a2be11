package s3

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// connection is a client and the transport below it.
type connection struct {
	client    *minio.Core
	transport *http.Transport
}

func (s *Sink) connect() (*connection, error) {
	roots, err := s.config.authorities()
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if s.endpoint.Scheme == "http" {
		dialer.Control = nearby
	}
	transport := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  time.Minute,
		IdleConnTimeout:        90 * time.Second,
		MaxIdleConnsPerHost:    s.config.InFlight,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
	if s.endpoint.Scheme == "http" {
		transport.Proxy = nil // it would dial for us, wherever to
	}
	lookup := minio.BucketLookupAuto
	if s.config.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.NewCore(s.endpoint.Host, &minio.Options{
		Creds:        s.credentials(),
		Secure:       s.endpoint.Scheme == "https",
		Transport:    transport,
		Region:       s.config.Region,
		BucketLookup: lookup,
		MaxRetries:   1, // delivery tries again
	})
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	return &connection{client, transport}, nil
}

func (s *Sink) credentials() *credentials.Credentials {
	if s.config.AccessKey != "" {
		return credentials.NewStaticV4(s.config.AccessKey.Reveal(), s.config.SecretKey.Reveal(), "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.EnvMinio{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}},
	})
}

// nearby is a net.Dialer.Control that lets only loopback and private addresses
// pass, after names were resolved: a name may point anywhere, and elsewhere the next time.
func nearby(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("refusing to connect: %w", err)
	}
	if ip := at.Addr().Unmap(); !ip.IsLoopback() && !ip.IsPrivate() {
		return fmt.Errorf("refusing to connect to %s: plain http goes to loopback and private addresses only", ip)
	}
	return nil
}
