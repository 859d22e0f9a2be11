package listen

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"weir/edge/toolchain/need"
)

// A certificate is had from a real authority, kept, and served again without it.
func TestACME(t *testing.T) {
	pebble, nameserver := need.Tool(t, "pebble"), need.Tool(t, "pebble-challtestsrv")
	const name = "events.weir.test"
	settings := &ACME{Names: []string{name}, Cache: filepath.Join(t.TempDir(), "acme"), Email: "operator@weir.test"}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ca := startAuthority(t, pebble, nameserver, l)
	settings.Directory, settings.CA = ca.directory, ca.certificate

	serve(t, l, settings)
	first := handshake(t, l, name)
	roots := x509.NewCertPool()
	roots.AddCert(ca.root(t))
	intermediates := x509.NewCertPool()
	for _, c := range first[1:] {
		intermediates.AddCert(c)
	}
	if _, err := first[0].Verify(x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: intermediates}); err != nil {
		t.Errorf("the certificate: %v", err)
	}
	if _, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{ServerName: "other.weir.test", InsecureSkipVerify: true}); err == nil {
		t.Error("a name that is not configured got a certificate")
	}

	// Another process, with the authority out of reach, has what was kept.
	settings.Directory = "https://127.0.0.1:1/dir"
	again, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, again, settings)
	if kept := handshake(t, again, name); !kept[0].Equal(first[0]) {
		t.Error("after a start another certificate is served")
	}
	if info, err := os.Stat(settings.Cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of the keys: %v, %v", info.Mode(), err)
	}
	need.Ran(t, "acme", "pebble")
}

func TestACMESettings(t *testing.T) {
	for _, c := range []struct {
		acme ACME
		want string
	}{
		{ACME{Cache: "x"}, "names"},
		{ACME{Names: []string{"events.example.com"}}, "folder"},
		{ACME{Names: []string{"*.example.com"}, Cache: "x"}, `"*.example.com"`},
		{ACME{Names: []string{"192.0.2.1"}, Cache: "x"}, `"192.0.2.1"`},
		{ACME{Names: []string{"localhost"}, Cache: "x"}, `"localhost"`},
		{ACME{Names: []string{"events.example.com"}, Cache: "x", CA: "acme_test.go"}, "no certificate in PEM"},
	} {
		if _, err := c.acme.TLS(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one that names %s", c.acme, err, c.want)
		}
	}
}

func serve(t *testing.T, l net.Listener, settings *ACME) {
	t.Helper()
	config, err := settings.TLS()
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{TLSConfig: config, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go s.ServeTLS(l, "", "")
	t.Cleanup(func() { s.Close() })
}

// handshake returns the chain that is served for a name.
func handshake(t *testing.T, l net.Listener, name string) []*x509.Certificate {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The authority's root is checked by the caller.
	c, err := (&tls.Dialer{Config: &tls.Config{ServerName: name, InsecureSkipVerify: true}}).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState().PeerCertificates
}

// authority is a running Pebble.
type authority struct {
	directory, certificate, management string
	client                             *http.Client
}

// startAuthority runs Pebble with a name server of its own, for which every
// name is 127.0.0.1. It finds what it is to validate at l.
func startAuthority(t *testing.T, pebble, nameserver string, l net.Listener) *authority {
	t.Helper()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writeCertificate(t, cert, key, 1)
	certificate, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}

	// Its programs take no port 0: another may take a free one before they do.
	for range 5 {
		dns, control, api, management := freePort(t), freePort(t), freePort(t), freePort(t)
		config, err := json.Marshal(map[string]any{"pebble": map[string]any{
			"listenAddress": api, "managementListenAddress": management, "certificate": cert, "privateKey": key,
			"tlsPort": l.Addr().(*net.TCPAddr).Port, "httpPort": 1,
		}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, "pebble.json")
		if err := os.WriteFile(file, config, 0o600); err != nil {
			t.Fatal(err)
		}
		names := run(t, exec.Command(nameserver, "-dns01", dns, "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-management", control, "-defaultIPv6", ""), "Starting management server")
		if names == nil {
			continue
		}
		cmd := exec.Command(pebble, "-config", file, "-dnsserver", dns)
		cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1")
		ended := run(t, cmd, "ACME directory available")
		a := &authority{directory: "https://" + api + "/dir", certificate: cert, management: "https://" + management, client: client}
		if ended == nil || !a.answers(t, ended) {
			continue
		}
		select {
		case <-names:
		default:
			return a
		}
	}
	t.Fatal("Pebble does not start")
	return nil
}

// answers reports whether the API, which is announced before it listens, does
// so before the process ends.
func (a *authority) answers(t *testing.T, ended <-chan struct{}) bool {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		resp, err := a.client.Get(a.directory)
		if err == nil {
			resp.Body.Close()
			return true
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond): // between polls
		}
	}
}

// root is the certificate that what the authority issues chains up to.
func (a *authority) root(t *testing.T) *x509.Certificate {
	t.Helper()
	resp, err := a.client.Get(a.management + "/roots/0")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("the authority's root: %s", text)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// run starts cmd, which ends with the test, and returns once it says that it is
// ready. The channel is closed when it ends; nil says that it did so before.
func run(t *testing.T, cmd *exec.Cmd, ready string) (ended <-chan struct{}) {
	t.Helper()
	output, input, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = input, input
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	input.Close()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		_ = cmd.Wait()
		output.Close()
	})
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if strings.Contains(lines.Text(), ready) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				io.Copy(io.Discard, output)
			}()
			return done
		}
		t.Log(lines.Text())
	}
	return nil
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
