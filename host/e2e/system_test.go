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
	t      testing.TB
	dir    string // the host's configuration and data
	db     database
	more   []moreSink
	host   *process
	config []byte // of the host; nil: see configuration

	hostURL  string
	adminURL string
	edgeURL  string // what a tracker is pointed at
}

// moreSink is a sink beside the database; it gets every event.
type moreSink struct{ name, settings string } // settings in YAML, on one line

// start runs a host that delivers to db and to further sinks, and an edge of
// that kind in front.
func start(t testing.TB, kind edgeKind, db database, more ...moreSink) *system {
	t.Helper()
	s := &system{t: t, dir: t.TempDir(), db: db, more: more}
	s.hostURL, s.adminURL = "http://"+freeAddress(t), "http://"+freeAddress(t)
	s.startHost()
	s.edgeURL = kind.start(t, s.hostURL)
	return s
}

// startHost starts the host, or starts it again on the same journal and ports.
func (s *system) startHost() {
	s.t.Helper()
	config := filepath.Join(s.dir, "weir.yaml")
	if err := os.WriteFile(config, s.configuration(), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.host = launch(s.t, "host", []string{"WEIR_SECRET=" + secret}, weir(s.t), "host", "--config", config)
	answers(s.t, s.host, s.hostURL+"/readyz")
}

// configuration gives good and failed events a table each, as the sink's
// README advises, and leaves the rest at its defaults.
func (s *system) configuration() []byte {
	if s.config != nil {
		return s.config
	}
	var sinks, routes strings.Builder
	for _, m := range s.more {
		fmt.Fprintf(&sinks, "  - {name: %s, %s}\n", m.name, m.settings)
		fmt.Fprintf(&routes, "  - sink: %s\n", m.name)
	}
	return fmt.Appendf(nil, `
data_dir: %s
public: {listen: %q}
admin: {listen: %q}
drain: 1s
sinks:
  - {name: warehouse, postgres: {dsn: %[4]q}}
  - {name: rejects, postgres: {dsn: %[4]q, table: failed_events}}
%[5]sroutes:
  - {sink: warehouse, events: good}
  - {sink: rejects, events: failed}
%[6]s`, filepath.Join(s.dir, "data"), strings.TrimPrefix(s.hostURL, "http://"), strings.TrimPrefix(s.adminURL, "http://"), s.db.dsn, &sinks, &routes)
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
