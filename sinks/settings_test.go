package sinks_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"weir/sinks"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]sinks.Size{
		"0": 0, "1": 1, "67108864": 64 << 20, "64MiB": 64 << 20, "64 mib": 64 << 20, "1.5GiB": 3 << 29,
		"1kb": 1000, "2TB": 2e12, "10b": 10, "9223372036854775807": 1<<63 - 1,
	} {
		var c struct{ Max sinks.Size }
		if err := yaml.Unmarshal([]byte("max: "+text), &c); err != nil || c.Max != want {
			t.Errorf("%s is %d, %v; want %d", text, c.Max, err, want)
		}
		var again sinks.Size
		if err := again.UnmarshalText([]byte(want.String())); err != nil || again != want {
			t.Errorf("%d is written %q and read back as %d, %v", want, want, again, err)
		}
	}
	for _, text := range []string{"", "-1", "MiB", "1e30", "64 MiBs", "NaN", "-1kb", "inf"} {
		var s sinks.Size
		if err := s.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "64MiB") {
			t.Errorf("%q is read as %d, %v", text, s, err)
		}
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	var c struct{ DSN sinks.Secret }
	if err := yaml.Unmarshal([]byte("dsn: hunter2"), &c); err != nil || c.DSN.Reveal() != "hunter2" {
		t.Fatalf("read %q, %v", c.DSN.Reveal(), err)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %s %q %x", c, c, c, c.DSN, c.DSN, c.DSN)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "dsn", c.DSN, "config", c)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "dsn", c.DSN, "config", c)
	j, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	y, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(j)
	out.Write(y)
	if s := out.String(); strings.Contains(s, "hunter2") || strings.Contains(s, "68756e74657232") || !strings.Contains(s, "***") {
		t.Errorf("shown: %s", s)
	}
}
