package protocol

import (
	"strings"

	"weir/edge/envelope"
)

// BasicUser returns the user name of HTTP Basic authorization (RFC 7617
// section 2), "" for any other.
func BasicUser(a *envelope.Arena, authorization string) string {
	encoded, ok := cutScheme(authorization, "Basic ")
	if !ok {
		return ""
	}
	user, _, _ := strings.Cut(envelope.View(DecodeBase64(a, encoded)), ":")
	return user
}

// Bearer returns the token of Bearer authorization (RFC 6750 section 2.1), ""
// for any other.
func Bearer(authorization string) string {
	token, _ := cutScheme(authorization, "Bearer ")
	return token
}

// cutScheme cuts off the name of an authorization scheme, which is written in any case.
func cutScheme(authorization, scheme string) (string, bool) {
	if len(authorization) < len(scheme) || !strings.EqualFold(authorization[:len(scheme)], scheme) {
		return "", false
	}
	return strings.TrimSpace(authorization[len(scheme):]), true
}
