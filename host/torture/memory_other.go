//go:build !linux

package torture

// PeakMemoryMB is not known here.
func PeakMemoryMB(int) int { return 0 }

// ResidentMB is not known here.
func ResidentMB(int) int { return 0 }
