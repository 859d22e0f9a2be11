package protocol

import (
	"testing"

	"weir/edge/envelope"
)

func TestAuthorization(t *testing.T) {
	var arena envelope.Arena
	for _, test := range []struct{ header, user, token string }{
		{"Basic a2V5Og==", "key", ""},
		{"basic a2V5OnBhc3M=", "key", ""},
		{"BASIC a2V5", "key", ""},
		{"Bearer abc", "", "abc"},
		{"bEARER   abc ", "", "abc"},
		{"Bearer", "", ""},
		{"Bearer ", "", ""},
		{"Basic ", "", ""},
		{"Digest abc", "", ""},
		{"", "", ""},
	} {
		if got := BasicUser(&arena, test.header); got != test.user {
			t.Errorf("%q is of user %q, want %q", test.header, got, test.user)
		}
		if got := Bearer(test.header); got != test.token {
			t.Errorf("%q bears %q, want %q", test.header, got, test.token)
		}
	}
}

func TestEqualUnescaped(t *testing.T) {
	var arena envelope.Arena
	for _, s := range []string{"", "key", "ke", "keys", "k%65y", "%6b%65%79", "%6B%65%7", "%6b%65%", "k%zz", "k%2565y", "KEY", "key%", "%", "%6", "ke%79", "ke%79s", "k+y"} {
		if got, want := EqualUnescaped(s, "key"), Unescape(&arena, s, false) == "key"; got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}
