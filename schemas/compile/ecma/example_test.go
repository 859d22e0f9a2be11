package ecma_test

import (
	"fmt"

	"weir/schemas/compile/ecma"
	"weir/schemas/validate/pattern"
)

func ExampleCompile() {
	table, err := ecma.Compile(`^\p{Lu}[\p{L}' -]{1,63}$`)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, name := range []string{"Zoë", "O'Neil", "zoë", "Zoë 2"} {
		fmt.Println(name, pattern.Match(table, []byte(name)))
	}
	// Output:
	// Zoë true
	// O'Neil true
	// zoë false
	// Zoë 2 false
}

func ExampleCompile_refused() {
	_, err := ecma.Compile(`^(?=.*[0-9]).{8,}$`)
	fmt.Println(err)
	// Output:
	// pattern "^(?=.*[0-9]).{8,}$": at offset 1: lookahead (?=…) is not a regular language and is not supported
}
