// Package signature signs batches and verifies them, by the Standard Webhooks
// specification.
//
// It is apart from package envelope because where a runtime around the module
// signs, the module does not: merely linking crypto would make it a third
// larger and slower to start.
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

const (
	secretPrefix    = "whsec_"
	signaturePrefix = "v1,"
)

// Sign returns the webhook-signature of a batch by the Standard Webhooks
// specification (symmetric, v1): "v1," and the base64 of HMAC-SHA256 over
// id.timestamp.body. unix is the webhook-timestamp in seconds, the time of
// delivery rather than of capture.
//
// To sign with two keys during a rotation, join two results by a space.
func Sign(secret []byte, id string, unix int64, body []byte) string {
	var sum [sha256.Size]byte
	return signaturePrefix + base64.StdEncoding.EncodeToString(mac(sum[:0], secret, id, strconv.FormatInt(unix, 10), body))
}

// Verify checks the three Standard Webhooks headers of a batch against its raw
// body: the timestamp must lie within [Window] of now, and one of the
// listed signatures must be that of one of the secrets. Anything else is
// [ErrInvalid]. Signatures are compared in constant time.
func Verify(secrets [][]byte, id, timestamp, signature string, body []byte, now time.Time) error {
	unix, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || id == "" {
		return ErrInvalid
	}
	// Seconds are compared as integers: a far timestamp would overflow a Duration.
	const window = int64(Window / time.Second)
	if n := now.Unix(); unix < n-window || unix > n+window {
		return ErrInvalid
	}
	good := false
	for _, secret := range secrets {
		if len(secret) == 0 {
			continue
		}
		var sum [sha256.Size]byte
		// The header's own spelling of the timestamp is what was signed.
		want := mac(sum[:0], secret, id, timestamp, body)
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

// ParseSecret decodes a secret in its Standard Webhooks form, "whsec_" and the
// base64 of 24 to 64 random bytes.
func ParseSecret(s string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(s), secretPrefix)
	if !ok {
		return nil, errors.New(`the secret does not begin with "whsec_"`)
	}
	secret, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, errors.New(`the secret is not standard base64 after "whsec_"`)
	}
	if len(secret) < 24 || len(secret) > 64 {
		return nil, errors.New("the secret holds " + strconv.Itoa(len(secret)) + " bytes; 24 to 64 are needed")
	}
	return secret, nil
}

func mac(dst, secret []byte, id, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(id))
	h.Write([]byte{'.'})
	h.Write([]byte(timestamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return h.Sum(dst)
}
