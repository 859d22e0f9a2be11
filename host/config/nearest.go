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

// editDistance counts the letters to insert, delete, replace or swap with
// their neighbour to turn one short name into another.
func editDistance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
