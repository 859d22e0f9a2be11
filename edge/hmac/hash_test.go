package hmac

import (
	"crypto/sha256"
	"testing"
)

func TestHashLikeStandardLibrary(t *testing.T) {
	var h Hash
	text := make([]byte, 200)
	for i := range text {
		text[i] = byte(i)
		if got, want := h.Sum(text[:i]), sha256.Sum256(text[:i]); got != want {
			t.Fatalf("%d bytes: %x, want %x", i, got, want)
		}
	}
	if n := testing.AllocsPerRun(10, func() { h.Sum(text) }); n != 0 {
		t.Errorf("%v allocations a sum", n)
	}
}
