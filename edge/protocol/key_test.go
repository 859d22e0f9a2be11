package protocol

import "testing"

func TestParseKey(t *testing.T) {
	k, ok := ParseKey("iglu:com.acme-x_1/add_to-cart/jsonschema/12-0-3")
	if want := (Key{"com.acme-x_1", "add_to-cart", "jsonschema", "12-0-3"}); !ok || k != want {
		t.Errorf("got %+v, %t", k, ok)
	}
	for _, s := range []string{
		"", "iglu:", "iglu:a/b/c", "iglu:a/b/c/", "a/b/c/1-0-0", "iglu:a/b/c/1-0-0/d", "iglu:a/b/c/0-0-0", "iglu:a/b/c/1-0", "iglu:a/b/c/01-0-0",
		"iglu:a/b/c/1-00-0", "iglu:a/b/c/1-0-0-0", "iglu:a/b/c/1-0-2147483648", "iglu:a/b/c/1-0--1", "iglu:a/b/c/1-0-+1", "iglu://c/1-0-0", "iglu:a/b.c/d/1-0-0", "iglu:ä/b/c/1-0-0", "iglu:a/b/c/*-*-*",
	} {
		if _, ok := ParseKey(s); ok {
			t.Errorf("ParseKey(%q) takes it for a key", s)
		}
	}
}
