package torture

import (
	"bytes"
	"fmt"
	"os"
)

// PeakMemoryMB is the most resident memory that a process has had, in MiB; 0
// when the system does not tell.
func PeakMemoryMB(pid int) int { return status(pid, "VmHWM") }

// ResidentMB is the resident memory of a process, in MiB; 0 when the system
// does not tell.
func ResidentMB(pid int) int { return status(pid, "VmRSS") }

func status(pid int, name string) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		var kib int
		if _, err := fmt.Sscanf(string(line), name+": %d kB", &kib); err == nil {
			return kib >> 10
		}
	}
	return 0
}
