// Package signature signs batches and verifies them, by the Standard Webhooks
// specification.
//
// It is apart from package envelope because where a runtime around the module
// signs, the module does not: merely linking crypto would make it a third
// larger and slower to start.
package signature

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

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
	return signaturePrefix + base64.StdEncoding.EncodeToString(mac(secret, id, strconv.FormatInt(unix, 10), body))
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
