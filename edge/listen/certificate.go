package listen

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how often the files of a certificate are looked at while
// clients connect.
const lookEvery = 10 * time.Second

// Certificate is a certificate in files that are replaced while it is served.
type Certificate struct {
	cert, key string // paths
	log       *slog.Logger
	now       func() time.Time

	mu     sync.Mutex
	loaded *tls.Certificate
	state  [2]fileState
	looked time.Time
}

type fileState struct {
	size    int64
	changed time.Time
}

// OpenCertificate reads the PEM files of a certificate with its chain and of
// its private key.
func OpenCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log, now: time.Now}
	if err := c.look(); err != nil {
		return nil, err
	}
	return c, nil
}

// Get is for tls.Config.GetCertificate. While the files are at fault, the last
// good certificate stays.
func (c *Certificate) Get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := c.now().Sub(c.looked); since >= lookEvery || since < 0 {
		if err := c.look(); err != nil {
			c.log.Error("the certificate has changed and cannot be used; the one before stays", "error", err)
		}
	}
	return c.loaded, nil
}

// look loads the files if they have changed since the last good ones.
func (c *Certificate) look() error {
	c.looked = c.now()
	var state [2]fileState
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("reading the listener's certificate: %w", err)
		}
		state[i] = fileState{info.Size(), info.ModTime()}
	}
	if state == c.state {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the listener's certificate from %s and %s: %w", c.cert, c.key, err)
	}
	c.loaded, c.state = &loaded, state
	return nil
}
