package host

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

// certificate is a certificate in files that are replaced while the host runs.
type certificate struct {
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

func openCertificate(cert, key string, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, log: log, now: time.Now}
	if err := c.look(); err != nil {
		return nil, err
	}
	return c, nil
}

// get is for tls.Config.GetCertificate. While the files are at fault, the last
// good certificate stays.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if since := c.now().Sub(c.looked); since >= lookEvery || since < 0 {
		if err := c.look(); err != nil {
			c.log.Error("host: the certificate has changed and cannot be used; the one before stays", "error", err)
		}
	}
	return c.loaded, nil
}

// look loads the files if they have changed since the last good ones.
func (c *certificate) look() error {
	c.looked = c.now()
	var state [2]fileState
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("reading the public listener's certificate: %w", err)
		}
		state[i] = fileState{info.Size(), info.ModTime()}
	}
	if state == c.state {
		return nil
	}
	loaded, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("reading the public listener's certificate from %s and %s: %w", c.cert, c.key, err)
	}
	c.loaded, c.state = &loaded, state
	return nil
}
