package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// secret joins edge and host: 32 bytes that are no secret.
const secret = "whsec_d2VpciBlbmQgdG8gZW5kIHRlc3RzLCBub3QgYSBzZWM="

// system is an edge, a host and a database, as a user would run them.
type system struct {
	t    testing.TB
	dir  string // the host's configuration and data
	db   database
	more string // further sinks, as YAML list items
	host *process

	hostURL  string
	adminURL string
	edgeURL  string // what a tracker is pointed at
}

// start runs a host that delivers to db and to further sinks, given as YAML
// list items, and an edge of that kind in front.
func start(t testing.TB, kind edgeKind, db database, more ...string) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir(), db: db, more: strings.Join(more, "\n")}
	s.hostURL, s.adminURL = "http://"+freeAddress(t), "http://"+freeAddress(t)
	s.startHost()
	s.edgeURL = kind.start(t, s.hostURL)
	return s
}

// startHost starts the host, or starts it again on the same journal and ports.
func (s *system) startHost() {
	s.t.Helper()
	config := filepath.Join(s.dir, "weir.yaml")
	text := fmt.Sprintf(`
data_dir: %s
public: {listen: %q}
admin: {listen: %q}
drain: 1s
sinks:
  - name: warehouse
    postgres: {dsn: %q}
%s
`, filepath.Join(s.dir, "data"), s.hostURL[len("http://"):], s.adminURL[len("http://"):], s.db.dsn, s.more)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.host = launch(s.t, "host", []string{"WEIR_SECRET=" + secret}, weir(s.t), "host", "--config", config)
	answers(s.t, s.host, s.hostURL+"/readyz")
}

// answers waits until a program answers 200 at a URL.
func answers(t testing.TB, p *process, url string) {
	t.Helper()
	client := &http.Client{Timeout: 2 * time.Second}
	eventually(t, p.name+" answers at "+url, func() error {
		if err := p.alive(); err != nil {
			t.Fatal(err)
		}
		response, err := client.Get(url)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("answered %s", response.Status)
		}
		return nil
	})
}

// freeAddress is a loopback address whose port was free a moment ago. A host
// that is killed and started again must come back where its edges look for
// it, so it cannot take whatever port it is given.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
