package config

import (
	"fmt"
	"strings"
)

// unknown says that a name is not known and which one was probably meant.
func unknown(what, name string, known []string) string {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := editDistance(strings.ToLower(name), k); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("unknown %s %q; did you mean %q?", what, name, best)
	}
	if len(known) == 0 {
		return fmt.Sprintf("unknown %s %q; none is known here", what, name)
	}
	return fmt.Sprintf("unknown %s %q; known are %s", what, name, strings.Join(known, ", "))
}

// editDistance is the Levenshtein distance of two short names, in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
