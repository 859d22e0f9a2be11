//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A volume that belongs to root is given to the account that the host becomes.
func TestHostLeavesRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another account")
	}
	top, err := os.MkdirTemp("", "weir-account-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(top)
	if err := os.Chmod(top, 0o755); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(top, "data")
	if err := os.Mkdir(data, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(top, "weir.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, "data_dir: %s\npublic: {listen: '127.0.0.1:0'}\nadmin: {listen: 'off'}\n", data), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("weir", "host", "--config", file, "--user", "65532:65533")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer late.Stop()
	said := ""
	lines := bufio.NewScanner(stderr)
	for !strings.Contains(said, "host: ready") && lines.Scan() {
		said += lines.Text() + "\n"
	}
	if status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid)); err == nil {
		for _, want := range []string{"Uid:\t65532\t65532\t65532\t65532", "Gid:\t65533\t65533\t65533\t65533", "Groups:\t65533 "} {
			if !strings.Contains(string(status), want) {
				t.Errorf("the process is not %q:\n%s", want, status)
			}
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("the host: %v\n%s", err, said)
	}
	for _, path := range []string{data, filepath.Join(data, "journal"), filepath.Join(data, "secret")} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if owner := info.Sys().(*syscall.Stat_t); owner.Uid != 65532 || owner.Gid != 65533 {
			t.Errorf("%s belongs to %d:%d", path, owner.Uid, owner.Gid)
		}
	}
}

func TestAccounts(t *testing.T) {
	for text, want := range map[string]string{"65532": "65532 65532 true", "1:2": "1 2 true", "0": "0 0 false", "1:0": "0 0 false",
		"nobody": "0 0 false", "": "0 0 false", "1:": "0 0 false", "-1": "0 0 false"} {
		uid, gid, err := parseAccount(text)
		if got := fmt.Sprint(uid, gid, err == nil); got != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}
