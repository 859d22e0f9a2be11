package sqlite

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"weir/host/torture"
)

// volume is an ext4 file system in a file, which can lose its power.
type volume struct{ image, dir string }

// newVolume makes and mounts one, or skips the test: that takes root.
func newVolume(t *testing.T) *volume {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("power cuts need root, to mount a volume: TestTortureWALCut stands in")
	}
	at := t.TempDir()
	v := &volume{image: filepath.Join(at, "image"), dir: filepath.Join(at, "volume")}
	if err := os.WriteFile(v.image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(v.image, 200<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(v.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", v.image).CombinedOutput(); err != nil {
		t.Skipf("power cuts need mkfs.ext4: %v %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", v.image, v.dir).CombinedOutput(); err != nil {
		t.Skipf("power cuts need a loop mount, which this machine refuses: %v %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", v.dir).Run() })
	return v
}

// shutdown is EXT4_IOC_SHUTDOWN, and noFlush its argument for a volume that
// goes without writing its log.
const (
	shutdown = 0x8004587d
	noFlush  = 2
)

func (v *volume) cut() error {
	d, err := os.Open(v.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	how := uint32(noFlush)
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, d.Fd(), shutdown, uintptr(unsafe.Pointer(&how))); errno != 0 {
		return errno
	}
	return nil
}

// again mounts the volume as the power comes back.
func (v *volume) again(t *testing.T) {
	t.Helper()
	var out []byte
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if out, err = exec.Command("umount", v.dir).CombinedOutput(); err == nil {
			break
		}
	}
	if err != nil {
		t.Fatalf("unmounting: %v %s", err, out)
	}
	if out, err := exec.Command("mount", "-o", "loop", v.image, v.dir).CombinedOutput(); err != nil {
		t.Fatalf("mounting again: %v %s", err, out)
	}
}

// powerCut lets a writer work, cuts the power, and returns what was
// acknowledged until then.
func (v *volume) powerCut(t *testing.T, dir string, acked map[string]string) (settled int64) {
	t.Helper()
	w := startWriter(t, dir)
	failed := make(chan error, 1)
	w.begun = func() {
		time.AfterFunc(time.Duration(60+rand.IntN(240))*time.Millisecond, func() {
			failed <- w.freeze(v.cut)
			w.cmd.Process.Kill()
		})
	}
	settled = w.listen(t, acked)
	if err := <-failed; err != nil {
		t.Fatalf("cutting the power: %v", err)
	}
	v.again(t)
	return settled
}

// TestTorturePowerCut cuts the power of the journal's volume under load: what
// was not synced is gone, and nothing acknowledged is. The control does the same
// without syncing, and must lose.
func TestTorturePowerCut(t *testing.T) {
	cycles := 2
	if torture.Long() {
		cycles = 200
	}
	v := newVolume(t)
	dir := filepath.Join(v.dir, "journal")
	acked, settled, total := map[string]string{}, int64(1), 0
	for cycle := range cycles {
		settled = max(settled, v.powerCut(t, dir, acked))
		verifyAfterKill(t, dir, cycle, acked, settled)
		if t.Failed() {
			return
		}
		if cycle%20 == 19 { // the volume is small
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			settled, total = 1, total+len(acked)
			clear(acked)
		}
	}
	total += len(acked)
	torture.Row{Scenario: "SQLite: power cut (ext4)", Cycles: cycles, Acknowledged: total, DeliveredOnce: total,
		Note: "the control without syncing must lose"}.Report(t)

	t.Setenv(unsynced, "1")
	for range 5 {
		control := filepath.Join(v.dir, "control")
		acked := map[string]string{}
		v.powerCut(t, control, acked)
		if len(acked) > 0 && lostAfterCut(t, control, acked) > 0 {
			return
		}
		if err := os.RemoveAll(control); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("without syncing nothing was lost either: the test proves nothing")
}

// lostAfterCut counts the acknowledged batches that a journal does not hold.
func lostAfterCut(t *testing.T, dir string, acked map[string]string) int {
	t.Helper()
	j, err := Open(dir, Options{Routes: []string{"late"}})
	if err != nil {
		t.Logf("the control does not open: %v", err)
		return len(acked)
	}
	defer j.Close()
	lost := len(acked)
	for _, rec := range readAll(t, routeOf(t, j, "late")) {
		if _, ok := acked[strings.ToLower(rec.ID.String())]; ok {
			lost--
		}
	}
	return lost
}
