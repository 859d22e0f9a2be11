package kafkatest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
)

// stopped reports whether all threads of a process stand still.
func stopped(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		return false
	}
	for _, t := range threads {
		// The state follows the name, which stands in brackets.
		stat, err := os.ReadFile(t)
		if err != nil {
			return false
		}
		if _, state, _ := bytes.Cut(stat, []byte(") ")); len(state) == 0 || state[0] != 'T' {
			return false
		}
	}
	return true
}
