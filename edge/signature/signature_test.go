package signature

import (
	"bytes"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification's reference libraries.
func TestSignKnownAnswer(t *testing.T) {
	secret, err := ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

func TestVerifyHoldsForWhatWasSignedOnly(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	bytesOf := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		return b
	}
	for range 300 {
		secret, body, id := bytesOf(24+random.IntN(41)), bytesOf(1+random.IntN(200)), base64.RawURLEncoding.EncodeToString(bytesOf(16))
		now := time.Unix(1_795_215_804+random.Int64N(1000), 0)
		unix := now.Unix()
		stamp, signature := strconv.FormatInt(unix, 10), Sign(secret, id, unix, body)
		verify := func(secret []byte, id, stamp, signature string, body []byte) error {
			return Verify([][]byte{secret}, id, stamp, signature, body, now)
		}
		if err := verify(secret, id, stamp, signature, body); err != nil {
			t.Fatalf("what was signed does not verify: %v", err)
		}
		flip := func(b []byte) []byte {
			b = bytes.Clone(b)
			b[random.IntN(len(b))] ^= 1 << random.IntN(8)
			return b
		}
		sum, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "v1,"))
		for name, err := range map[string]error{
			"secret":    verify(flip(secret), id, stamp, signature, body),
			"id":        verify(secret, string(flip([]byte(id))), stamp, signature, body),
			"no id":     verify(secret, "", stamp, signature, body),
			"timestamp": verify(secret, id, strconv.FormatInt(unix+1, 10), signature, body),
			"spelling":  verify(secret, id, "+"+stamp, signature, body),
			"signature": verify(secret, id, stamp, "v1,"+base64.StdEncoding.EncodeToString(flip(sum)), body),
			"version":   verify(secret, id, stamp, "v2"+signature[2:], body),
			"cut":       verify(secret, id, stamp, signature[:len(signature)-4], body),
			"none":      verify(secret, id, stamp, "", body),
			"body":      verify(secret, id, stamp, signature, flip(body)),
			"longer":    verify(secret, id, stamp, signature, append(bytes.Clone(body), '\n')),
			"no secret": Verify(nil, id, stamp, signature, body, now),
			"empty":     Verify([][]byte{{}}, id, stamp, Sign(nil, id, unix, body), body, now),
		} {
			if !errors.Is(err, ErrInvalid) || err.Error() != ErrInvalid.Error() {
				t.Fatalf("with another %s: %v", name, err)
			}
		}
	}
}

func TestVerifyWindow(t *testing.T) {
	secret, body := bytes.Repeat([]byte("k"), 24), []byte("{}\n")
	now := time.Unix(1_795_215_804, 999e6)
	for _, c := range []struct {
		seconds int64
		good    bool
	}{{0, true}, {-300, true}, {300, true}, {-301, false}, {301, false}, {-1 << 62, false}, {1 << 62, false}} {
		unix := now.Unix() + c.seconds
		err := Verify([][]byte{secret}, "id", strconv.FormatInt(unix, 10), Sign(secret, "id", unix, body), body, now)
		if (err == nil) != c.good {
			t.Errorf("signed %d s from now: %v", c.seconds, err)
		}
	}
}

func TestVerifyRotation(t *testing.T) {
	before, after, body := bytes.Repeat([]byte("a"), 32), bytes.Repeat([]byte("b"), 32), []byte("x")
	now := time.Unix(1_795_215_804, 0)
	stamp := strconv.FormatInt(now.Unix(), 10)
	a, b := Sign(before, "id", now.Unix(), body), Sign(after, "id", now.Unix(), body)
	for _, c := range []struct {
		name      string
		secrets   [][]byte
		signature string
		good      bool
	}{
		{"the host accepts both", [][]byte{before, after}, a, true},
		{"the edge signs with both", [][]byte{after}, a + " " + b, true},
		{"unknown versions between", [][]byte{after}, "v1a,xyz " + a + " v2,!! " + b, true},
		{"the old one is gone", [][]byte{after}, a, false},
	} {
		if err := Verify(c.secrets, "id", stamp, c.signature, body, now); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestParseSecret(t *testing.T) {
	long := base64.StdEncoding.EncodeToString(make([]byte, 65))
	for secret, want := range map[string]string{
		"":                                    `"whsec_"`,
		"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw":    `"whsec_"`,
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaL": "base64",
		"whsec_c2hvcnQ=":                      "5 bytes",
		"whsec_" + long:                       "65 bytes",
	} {
		_, err := ParseSecret(secret)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseSecret(%q) = %v, want an error about %s", secret, err, want)
		}
		if encoded := strings.TrimPrefix(secret, "whsec_"); err != nil && len(encoded) > 8 && strings.Contains(err.Error(), encoded) {
			t.Errorf("the error tells the secret: %v", err)
		}
	}
}
