package validate_test

import (
	"fmt"
	"strings"
	"testing"

	"weir/schemas/compile"
	"weir/schemas/validate"
)

// TestMatchedAgain judges long strings by one Run, over and over: what matched a
// pattern before must not match another, in the same set or in the next.
func TestMatchedAgain(t *testing.T) {
	const patterns = 40 // more than are remembered
	letters := []string{"a", "b"}
	var programs []validate.Program
	for _, letter := range letters {
		var properties []string
		for i := range patterns {
			properties = append(properties, fmt.Sprintf(`"x%d":{"pattern":"^%s+%02d$"}`, i, letter, i))
		}
		p, err := program([]byte(`{"properties":{`+strings.Join(properties, ",")+`}}`), compile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		programs = append(programs, p)
	}
	var r validate.Run
	judge := func(program, property int, text string, want bool) {
		t.Helper()
		doc := fmt.Sprintf(`{"x%d":"%s"}`, property, text)
		if got := programs[program].Run(&r, []byte(doc)); got != want {
			t.Fatalf("%s after its like: %t, want %t, by the patterns of %s", doc, got, want, letters[program])
		}
	}
	for length := 18; length < 100; length++ {
		for i := range patterns {
			text := fmt.Sprintf("%s%02d", strings.Repeat("a", length), i)
			for range 2 {
				judge(0, i, text, true)
			}
			judge(1, i, text, false)
			judge(0, i, text, true)
			judge(0, (i+16)%patterns, text, false)
			judge(0, (i+1)%patterns, text, false)
			judge(0, i, text, true)
			for _, at := range []int{0, 9, length - 1, length + 1} {
				judge(0, i, text[:at]+"-"+text[at+1:], false)
			}
		}
	}
}
