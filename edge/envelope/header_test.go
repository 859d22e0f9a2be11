package envelope

import (
	"strings"
	"testing"
)

func TestCountsOfAHeaderSurvive(t *testing.T) {
	h := Header{ID: "01a1fb33-46db-7dad-9dfe-0e8df43bb39a", Ack: AckQueued, Filtered: 6, Refused: 3, Bots: 2, Bundle: "b"}
	line := string(h.AppendJSON(nil)) + "\n"
	batch, err := NewReader([]byte(line)).Next()
	if err != nil || batch.Header != h {
		t.Errorf("read %+v, %v\nof %s", batch.Header, err, line)
	}
	for _, wrong := range []string{`"refused":5,"bots":2`, `"refused":3,"bots":4`, `"refused":-1,"bots":2`, `"refused":3,"bots":"2"`} {
		if _, err := NewReader([]byte(strings.Replace(line, `"refused":3,"bots":2`, wrong, 1))).Next(); err == nil {
			t.Errorf("a header with %s is taken", wrong)
		}
	}
}
