package privacy

import (
	"crypto/hmac"
	stdsha256 "crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
)

func TestHash(t *testing.T) {
	for _, secret := range []int{16, 32, 63, 64, 65, 200} {
		secret := []byte(strings.Repeat("key!", 50)[:secret])
		key, err := NewKey("k1", secret)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 300 {
			text := strings.Repeat("grün ", 60)[:n]
			mac := hmac.New(stdsha256.New, secret)
			mac.Write([]byte(text))
			if got, want := string(key.appendHash(nil, text)), hex.EncodeToString(mac.Sum(nil)); got != want {
				t.Fatalf("%d bytes, a key of %d: %s, want %s", n, len(secret), got, want)
			}
		}
	}
	for _, bad := range []struct{ id, secret string }{{"k", "short"}, {"", strings.Repeat("k", 16)}, {strings.Repeat("k", 33), strings.Repeat("k", 16)}} {
		if _, err := NewKey(bad.id, []byte(bad.secret)); err == nil {
			t.Errorf("the key %q of %d bytes is accepted", bad.id, len(bad.secret))
		}
	}
	var none Key
	if none.ready() {
		t.Error("no key hashes")
	}
}
