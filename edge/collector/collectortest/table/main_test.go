package main

import (
	"fmt"
	"strings"
	"testing"
)

// events is what go test prints of a suite of two cases, with the results that
// others has for columns other than "pass".
func events(others map[string]string) string {
	var b strings.Builder
	for _, c := range columns {
		if others[c.runtime] == "absent" {
			continue
		}
		if others[c.runtime] == "skip" {
			fmt.Fprintf(&b, `{"Action":"output","Package":%q,"Test":%q,"Output":"weir-need missing viceroy: no cargo\n"}`+"\n", c.pkg, c.test)
			fmt.Fprintf(&b, `{"Action":"skip","Package":%q,"Test":%q}`+"\n", c.pkg, c.test)
			continue
		}
		fmt.Fprintf(&b, `{"Action":"pass","Package":%q,"Test":%q}`+"\n", c.pkg, c.test+"/get-i")
		if action := others[c.runtime]; action != "one" {
			fmt.Fprintf(&b, `{"Action":"output","Package":%q,"Test":%q,"Output":"differs at byte 7\n"}`+"\n", c.pkg, c.test+"/get-tp1")
			fmt.Fprintf(&b, `{"Action":%q,"Package":%q,"Test":%q}`+"\n", action, c.pkg, c.test+"/get-tp1")
		}
	}
	return b.String()
}

func TestTable(t *testing.T) {
	all := map[string]string{}
	for _, c := range columns {
		all[c.runtime] = "pass"
	}
	with := func(runtime, result string) map[string]string {
		m := map[string]string{runtime: result}
		for name, action := range all {
			if name != runtime {
				m[name] = action
			}
		}
		return m
	}
	for _, tt := range []struct {
		name           string
		results        map[string]string
		require        string
		printed, fault string
	}{
		{"all equal", all, "", "get                       2          2          2          2          2          2\n", ""},
		{"one differs", with("workerd", "fail"), "", "differs at byte 7", "get-tp1 on workerd differs"},
		{"one case did not run", with("Extism JS", "one"), "", "1 of 2", "get-tp1 on Extism JS did not run"},
		{"a runtime did not run", with("Viceroy", "absent"), "", "0 of 2", "get-i on Viceroy did not run"},
		{"a runtime is not here", with("Viceroy", "skip"), "", "Viceroy did not run: viceroy: no cargo", ""},
		{"a runtime must be here", with("Viceroy", "skip"), "all", "skipped", "Viceroy was skipped"},
		{"nothing ran", nil, "", "cases", "nothing to hold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("WEIR_REQUIRE", tt.require)
			input := ""
			if tt.results != nil {
				input = events(tt.results)
			}
			read, err := read(strings.NewReader(input))
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			err = read.print(&b)
			if !strings.Contains(b.String(), tt.printed) {
				t.Errorf("printed\n%s\nwithout %q", b.String(), tt.printed)
			}
			if (err == nil) != (tt.fault == "") || err != nil && !strings.Contains(err.Error(), tt.fault) {
				t.Errorf("error = %v, want %q", err, tt.fault)
			}
		})
	}
}
