package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"weir/host/torture"
)

// TestTortureDiskFull fills the volume of the journal while trackers send: they
// are told to keep what they have, and once there is room again the host goes
// on by itself, with everything that it had acknowledged.
func TestTortureDiskFull(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("filling a volume needs root, to mount one: sqlite's TestFullVolume stands in")
	}
	cycles := 1
	if torture.Long() {
		cycles = 10
	}
	volume, files := t.TempDir(), t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=192m", "weir-test", volume).CombinedOutput(); err != nil {
		t.Skipf("filling a volume needs a mount, which this machine refuses: %v %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", volume).CombinedOutput(); err != nil {
			t.Errorf("unmounting: %v %s", err, out)
		}
	})
	s := &system{t: t, dir: volume}
	s.hostURL, s.adminURL = "http://"+freeAddress(t), "http://"+freeAddress(t)
	s.configureSinks([]station{{name: "file", settings: fmt.Sprintf("file: {dir: %q, rotate_size: 0}", files)}})
	s.startHost()
	s.edgeURL = startWazero(t, s.hostURL)
	l := startLoad(t, s.edgeURL, "full", trackers)
	for range cycles {
		l.reaches(t, l.accepted.Load()+500)
		ballast := filepath.Join(volume, "ballast")
		fill(t, ballast)
		refused := l.refused.Load()
		eventually(t, "trackers are told that nobody can store", func() error {
			if n := l.refused.Load() - refused; n < 3*trackers {
				return fmt.Errorf("%d refusals", n)
			}
			return s.host.alive()
		})
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		l.reaches(t, l.accepted.Load()+500)
	}
	l.finish()
	if err := s.host.alive(); err != nil {
		t.Fatal(err)
	}
	l.account(t, folder(files))
	l.row("disk full under load, and free again", cycles, s.host, "the host is not restarted").Report(t)
	s.host.stop(t)
}

// fill takes all the room that a volume has.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<20); err == nil; {
		_, err = f.Write(block)
	}
	for block := make([]byte, 4<<10); ; {
		if _, err := f.Write(block); err != nil {
			return
		}
	}
}
