//go:build !linux

package torture

// PeakMemoryMB is not known here.
func PeakMemoryMB(int) int { return 0 }
