package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/e2e/fault"
)

func init() { moreStations = append(moreStations, redisStation) }

func redisStation(t *testing.T) station {
	// The program is several, by the name it goes by.
	program, address := filepath.Join(t.TempDir(), "redis-server"), freeAddress(t)
	if err := os.Symlink(need.Tool(t, "redis-server"), program); err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, "redis", nil, program, "--bind", host, "--port", port, "--appendonly", "yes", "--appendfsync", "always")
	s := stream{program: need.Tool(t, "redis-cli"), port: port}
	eventually(t, "Redis answers", func() error {
		_, err := s.ask("PING")
		return firstOf(p.alive(), err)
	})
	proxy := fault.Start(t, address)
	return station{name: "redis", settings: fmt.Sprintf("redis: {addresses: [%q], stream: events, timeout: 1s}", proxy.Address()), set: proxy.Set, at: s, unique: true}
}

// stream is a stream of a Redis server, read with its own command line.
type stream struct{ program, port string }

func (s stream) ask(words ...string) ([]byte, error) {
	out, err := exec.Command(s.program, append([]string{"-p", s.port, "--raw"}, words...)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("redis-cli: %w: %.200s", err, out)
	}
	return out, nil
}

func (s stream) eventIDs(app string) (map[string]int, error) {
	text, err := s.ask("XRANGE", "events", "-", "+")
	if err != nil {
		return nil, err
	}
	ids := map[string]int{}
	return ids, countLines(ids, app, objectsAmong(text))
}
