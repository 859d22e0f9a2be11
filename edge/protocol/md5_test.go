package protocol

import (
	"crypto/md5"
	"testing"
)

func TestMD5(t *testing.T) {
	data := make([]byte, 300)
	for i := range data {
		data[i] = byte(i * 7)
	}
	for n := range data {
		if got, want := md5Sum(md5Pad(data[:n:n])), md5.Sum(data[:n]); got != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
}
