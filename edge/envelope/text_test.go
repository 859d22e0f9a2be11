package envelope

import (
	"strings"
	"testing"
)

func TestIndexAny(t *testing.T) {
	for _, s := range []string{"", "/", "a/b?c", "é?", "\xff#", "none", "€/é?ü"} {
		if got, want := IndexAny(s, "/?#"), strings.IndexAny(s, "/?#"); got != want {
			t.Errorf("IndexAny(%q) = %d, want %d", s, got, want)
		}
	}
}
