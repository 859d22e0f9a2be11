//go:build !tinygo

package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Window is how far a batch's webhook-timestamp may lie from the verifier's clock, either way.
const Window = 5 * time.Minute

// ErrInvalid is the one error for every signature that does not verify. It
// says nothing more, as its text may reach whoever sent the batch.
var ErrInvalid = errors.New("the signature does not verify")

// Verify checks the three Standard Webhooks headers of a batch against its raw
// body: the timestamp must lie within [Window] of now, and one of the
// listed signatures must be that of one of the secrets. Anything else is
// [ErrInvalid]. Signatures are compared in constant time.
func Verify(secrets [][]byte, id, timestamp, signature string, body []byte, now time.Time) error {
	return VerifyWithin(Window, secrets, id, timestamp, signature, body, now)
}

// VerifyWithin is [Verify] for what may be on its way for longer: the timestamp
// may lie as far back as age. It may be no further ahead than for Verify.
func VerifyWithin(age time.Duration, secrets [][]byte, id, timestamp, signature string, body []byte, now time.Time) error {
	unix, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return ErrInvalid
	}
	// Seconds are compared as integers: a far timestamp would overflow a Duration.
	if n := now.Unix(); unix < n-int64(age/time.Second) || unix > n+int64(Window/time.Second) {
		return ErrInvalid
	}
	good := false
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		// The header's own spelling of the timestamp is what was signed.
		want := mac(secret, id, timestamp, body)
		for rest := signature; rest != ""; {
			var one string
			one, rest, _ = strings.Cut(rest, " ")
			encoded, v1 := strings.CutPrefix(one, signaturePrefix)
			got, err := base64.StdEncoding.DecodeString(encoded)
			if v1 && err == nil && hmac.Equal(got, want) {
				good = true
			}
		}
	}
	if !good {
		return ErrInvalid
	}
	return nil
}

// mac leaves the work to the processor's own instructions, where it has some.
func mac(secret []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id))
	h.Write([]byte{'.'})
	h.Write([]byte(timestamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(nil)
}
