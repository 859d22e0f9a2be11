package deploy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"weir/edge/forward"
	"weir/edge/toolchain/need"
)

// service is what of a service there is in compose.yaml.
type service struct {
	Build           struct{ Context, Dockerfile string }
	Image           string
	Restart         string
	ReadOnly        bool `yaml:"read_only"`
	Tmpfs           []string
	CapDrop         []string `yaml:"cap_drop"`
	SecurityOpt     []string `yaml:"security_opt"`
	Command         []string
	Environment     map[string]string
	StopGracePeriod string    `yaml:"stop_grace_period"`
	DependsOn       yaml.Node `yaml:"depends_on"`
	Volumes, Ports  []string
	Healthcheck     struct {
		Test              []string
		Interval, Timeout string
		Retries           int
	}
}

func compose(t *testing.T) (services map[string]service) {
	t.Helper()
	var file struct {
		Name     string
		Services map[string]service
		Volumes  map[string]struct{}
		Weir     yaml.Node `yaml:"x-weir"`
		Host     yaml.Node `yaml:"x-host"`
		NATS     yaml.Node `yaml:"x-nats"`
	}
	dec := yaml.NewDecoder(bytes.NewReader([]byte(read(t, "compose.yaml"))))
	dec.KnownFields(true)
	if err := dec.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if strings.HasPrefix(source, ".") {
				_ = read(t, source)
			} else if _, ok := file.Volumes[source]; !ok {
				t.Errorf("%s: there is no volume %s", name, source)
			}
		}
	}
	return file.Services
}

// compose.yaml and the configuration that its hosts read say the same.
func TestCompose(t *testing.T) {
	services := compose(t)
	cfg := parse(t, "weir.nats.yaml")
	public, admin := strconv.Itoa(port(t, cfg.Public.Listen)), strconv.Itoa(port(t, cfg.Admin.Listen))
	for _, url := range forward.ParseHosts(services["edge"].Environment["WEIR_HOST"]) {
		name, at, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
		host, ok := services[name]
		if !ok || at != public {
			t.Errorf("the edge sends to %s, and hosts listen on %s", url, public)
		}
		if d, err := time.ParseDuration(host.StopGracePeriod); err != nil || d < cfg.Drain+5*time.Second {
			t.Errorf("%s is given %s to stop, and drains for %s", name, host.StopGracePeriod, cfg.Drain)
		}
		if len(host.Ports) != 1 || !strings.HasPrefix(host.Ports[0], "127.0.0.1:") || !strings.HasSuffix(host.Ports[0], ":"+admin) {
			t.Errorf("%s: its admin listener is at %v", name, host.Ports)
		}
		if !host.ReadOnly || !slices.Equal(host.CapDrop, []string{"ALL"}) {
			t.Errorf("%s may write or more: %+v", name, host)
		}
		if dockerfile := filepath.Join(host.Build.Context, host.Build.Dockerfile); !sameFile(t, dockerfile, "Dockerfile") {
			t.Errorf("%s is built from %s", name, dockerfile)
		}
	}
	for _, url := range cfg.Journal.NATS.Servers {
		name, _, _ := strings.Cut(strings.TrimPrefix(url, "nats://"), ":")
		if s, ok := services[name]; !ok || !strings.Contains(strings.Join(s.Command, " "), "--name "+name) {
			t.Errorf("hosts look for the journal at %s: %+v", url, s)
		}
	}
	if len(cfg.Journal.NATS.Servers) != 3 || cfg.Journal.NATS.Replicas != 3 {
		t.Errorf("the journal is on %d servers, %d times", len(cfg.Journal.NATS.Servers), cfg.Journal.NATS.Replicas)
	}
}

func sameFile(t *testing.T, a, b string) bool {
	t.Helper()
	one, err := os.Stat(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.Stat(b)
	if err != nil {
		t.Fatal(err)
	}
	return os.SameFile(one, other)
}

// The real server reads its configuration.
func TestNATSConfiguration(t *testing.T) {
	out, err := exec.Command(need.Tool(t, "nats-server"), "--config", "nats.conf", "--name", "nats-1", "-t").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "is valid") {
		t.Errorf("%v: %s", err, out)
	}
	for _, want := range []string{"sync_interval: always", "max_payload: 8MB"} { // what host/README.md asks for
		if !strings.Contains(read(t, "nats.conf"), want) {
			t.Errorf("nats.conf lacks %s", want)
		}
	}
}
