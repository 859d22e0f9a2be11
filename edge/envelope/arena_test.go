package envelope

import (
	"strings"
	"testing"
)

func TestArenaKeepsWhatItWasGiven(t *testing.T) {
	var a Arena
	for round := range 3 {
		a.Reset()
		var kept, want []string
		for n := range 300 {
			text := strings.Repeat(string(rune('a'+n%26)), n)
			b := append(a.Bytes(n+5), text...)
			kept, want = append(kept, a.KeepString(b)), append(want, text)
			kept, want = append(kept, a.Copy([]byte(text))), append(want, text)
		}
		for i := range kept {
			if kept[i] != want[i] {
				t.Fatalf("round %d: text %d became %q", round, i, kept[i])
			}
		}
	}
	if got := testing.AllocsPerRun(10, func() {
		a.Reset()
		for n := range 300 {
			a.Keep(append(a.Bytes(n+1), 'x'))
		}
	}); got != 0 {
		t.Errorf("%v allocations once it has grown", got)
	}
	if b := a.Keep(append(a.Bytes(10), 'x')); cap(b) != 1 {
		t.Errorf("what was kept can be appended to over its neighbour: cap %d", cap(b))
	}
}
