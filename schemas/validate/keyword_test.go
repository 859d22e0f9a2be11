package validate

import (
	"strings"
	"testing"
)

// TestLines holds the texts that are read by line to the constants that say which.
func TestLines(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
		last       string
	}{
		{"keywordNames", keywordNames, int(kwContentMediaType) + 1, "contentMediaType"},
		{"sentences", sentences, 3 * (int(kwContentMediaType) + 1), ""},
		{"stepNames", stepNames, int(stepDependencies) + 1, "dependencies"},
	} {
		if got := strings.Count(c.text, "\n"); got != c.want {
			t.Errorf("%s has %d lines, want %d", c.name, got, c.want)
		}
		if got := line(c.text, c.want-1); got != c.last {
			t.Errorf("the last line of %s is %q, want %q", c.name, got, c.last)
		}
		if got := line(c.text, c.want); got != "" {
			t.Errorf("%s goes on with %q", c.name, got)
		}
	}
	if got := line(sentences, 3*int(kwNot)); got != "must not conform to the schema in not" {
		t.Errorf("of not, a message says %q", got)
	}
}
