package deploy_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"weir/host"
	"weir/host/config"
	_ "weir/sinks/all"
)

// fly is what of a fly.toml there is in ours. Fly ignores a key that it does
// not know, so it is held to these.
type fly struct {
	App           string
	PrimaryRegion string `toml:"primary_region"`
	KillSignal    string `toml:"kill_signal"`
	KillTimeout   string `toml:"kill_timeout"`
	Build         struct {
		Dockerfile, Ignorefile string
		BuildTarget            string `toml:"build-target"`
	}
	Processes map[string]string
	Files     []struct {
		GuestPath string `toml:"guest_path"`
		LocalPath string `toml:"local_path"`
	}
	Mounts []struct {
		Source, Destination string
		InitialSize         string `toml:"initial_size"`
		SnapshotRetention   int    `toml:"snapshot_retention"`
		Processes           []string
	}
	HTTPService struct {
		InternalPort       int    `toml:"internal_port"`
		ForceHTTPS         bool   `toml:"force_https"`
		AutoStopMachines   string `toml:"auto_stop_machines"`
		AutoStartMachines  bool   `toml:"auto_start_machines"`
		MinMachinesRunning int    `toml:"min_machines_running"`
		Processes          []string
		Concurrency        struct {
			Type      string
			SoftLimit int `toml:"soft_limit"`
			HardLimit int `toml:"hard_limit"`
		}
		Checks []struct {
			Method, Path, Interval, Timeout string
			GracePeriod                     string `toml:"grace_period"`
		}
	} `toml:"http_service"`
	Metrics struct {
		Port int
		Path string
	}
	Deploy struct {
		Strategy       string
		MaxUnavailable int `toml:"max_unavailable"`
	}
	Restart []struct {
		Policy  string
		Retries int
	}
	VM []struct{ Size, Memory string }
}

func environment(name string) (string, bool) {
	return map[string]string{"WEIR_SECRET": "whsec_d2VpciBlbmQgdG8gZW5kIHRlc3RzLCBub3QgYSBzZWM=", "WEIR_ADMIN_TOKEN": "an operator's token"}[name], true
}

func parse(t *testing.T, file string) *config.Config {
	t.Helper()
	cfg, err := config.Parse(file, []byte(read(t, file)), environment)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// fly.toml, the image and the host's configuration say the same.
func TestFly(t *testing.T) {
	var f fly
	meta, err := toml.DecodeFile("fly.toml", &f)
	if err != nil {
		t.Fatal(err)
	}
	if keys := meta.Undecoded(); len(keys) > 0 {
		t.Errorf("fly.toml has keys that nobody checks: %v", keys)
	}
	cfg := parse(t, "weir.fly.yaml")
	if got := port(t, cfg.Public.Listen); got != f.HTTPService.InternalPort {
		t.Errorf("edges are sent to port %d, the host listens on %d", f.HTTPService.InternalPort, got)
	}
	if got := port(t, cfg.Admin.Metrics); got != f.Metrics.Port || f.Metrics.Path != "/metrics" {
		t.Errorf("metrics are read at port %d and %s, the host serves them on %d at /metrics", f.Metrics.Port, f.Metrics.Path, got)
	}
	if len(f.Mounts) != 1 || f.Mounts[0].Destination != cfg.DataDir {
		t.Errorf("the volume is at %+v, the data at %s", f.Mounts, cfg.DataDir)
	}
	if d, err := time.ParseDuration(f.KillTimeout); err != nil || d < cfg.Drain+5*time.Second || d > 300*time.Second || f.KillSignal != "SIGTERM" {
		t.Errorf("%s after %s: the host drains for %s", f.KillSignal, f.KillTimeout, cfg.Drain)
	}
	if f.HTTPService.AutoStopMachines != "off" || f.HTTPService.MinMachinesRunning < 1 {
		t.Errorf("a host that is stopped delivers nothing: %+v", f.HTTPService)
	}
	if f.HTTPService.Concurrency.HardLimit > cfg.Public.Concurrent {
		t.Errorf("%d requests are let through at once, the host takes %d", f.HTTPService.Concurrency.HardLimit, cfg.Public.Concurrent)
	}
	if f.Deploy.Strategy != "rolling" { // the others need a second machine for the volume
		t.Errorf("strategy %s", f.Deploy.Strategy)
	}
	command := f.Processes["app"]
	for _, file := range f.Files {
		if _, err := os.Stat(file.LocalPath); err != nil || !strings.Contains(command, file.GuestPath) {
			t.Errorf("%q does not read %+v: %v", command, file, err)
		}
	}
	if len(f.Files) == 0 || !strings.HasPrefix(command, "host ") {
		t.Errorf("the machine runs %q", command)
	}
	dockerfile := read(t, f.Build.Dockerfile)
	if !strings.Contains(dockerfile, " AS "+f.Build.BuildTarget+"\n") {
		t.Errorf("%s has no stage %s", f.Build.Dockerfile, f.Build.BuildTarget)
	}
	_ = read(t, f.Build.Ignorefile)
}

// The checks and metrics of fly.toml are answered by a host as it is configured there.
func TestFlysChecksAreAnswered(t *testing.T) {
	var f fly
	if _, err := toml.DecodeFile("fly.toml", &f); err != nil {
		t.Fatal(err)
	}
	cfg := parse(t, "weir.fly.yaml")
	cfg.DataDir = t.TempDir()
	cfg.Public.Listen, cfg.Admin.Listen, cfg.Admin.Metrics = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	h, err := host.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	<-h.Ready()
	urls := []string{"http://" + h.MetricsAddr() + f.Metrics.Path}
	for _, c := range f.HTTPService.Checks {
		urls = append(urls, "http://"+h.PublicAddr()+c.Path)
	}
	if len(urls) < 2 {
		t.Error("fly.toml checks nothing")
	}
	for _, url := range urls {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, resp.Status)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func port(t *testing.T, address string) int {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
