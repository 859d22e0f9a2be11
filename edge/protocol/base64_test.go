package protocol

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"weir/edge/envelope"
)

func TestBase64EveryFlavour(t *testing.T) {
	var arena envelope.Arena
	for n := range 70 {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(251*i + n)
		}
		if got, want := string(EncodeBase64(&arena, data)), `"`+base64.StdEncoding.EncodeToString(data)+`"`; got != want {
			t.Fatalf("%x became %s, want %s", data, got, want)
		}
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			text := e.EncodeToString(data)
			for _, text := range []string{text, "\n" + text, strings.Join(strings.SplitAfter(text, "A"), "\r\n*")} {
				if got := DecodeBase64(&arena, text); !bytes.Equal(got, data) {
					t.Fatalf("%q became %x, want %x", text, got, data)
				}
			}
		}
	}
}

func FuzzBase64(f *testing.F) {
	f.Add("eyJh\r\n-_+/=x")
	f.Fuzz(func(t *testing.T, s string) {
		var arena envelope.Arena
		got := DecodeBase64(&arena, s)
		// What an alphabet keeps of s is what the library is asked to decode.
		kept := strings.NewReplacer("-", "+", "_", "/").Replace(strings.Map(func(r rune) rune {
			if r < 0x80 && sextets[byte(r)] < 64 {
				return r
			}
			return -1
		}, s))
		if len(kept)%4 == 1 {
			kept = kept[:len(kept)-1]
		}
		want, err := base64.RawStdEncoding.DecodeString(kept)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%q became %x, want %x (%v)", s, got, want, err)
		}
	})
}
