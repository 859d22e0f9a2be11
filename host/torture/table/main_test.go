package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	for name, c := range map[string]struct{ rows, table, fault string }{
		"well": {`{"scenario":"kill -9","cycles":200,"acknowledged":5000,"delivered_once":4999,"delivered_more":1,"compared":true,"slowdown":0.013,"memory_mb":70,"note":"hard"}`,
			"200          5000  4999               1     0          1.3 %        70 MB  kill -9; hard", ""},
		"lost":    {`{"scenario":"kill -9","lost":2}`, "kill -9", "kill -9: 2 lost"},
		"slow":    {`{"scenario":"hang","compared":true,"slowdown":0.1}`, "10.0 %", "hang: others were slowed down"},
		"nothing": {"", "scenario", "nothing was put to the test"},
		"broken":  {"{", "", "row 1"},
	} {
		var out bytes.Buffer
		err := print(&out, strings.NewReader(c.rows))
		if (err == nil) != (c.fault == "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: the error is %v, want %q", name, err, c.fault)
		}
		if !strings.Contains(out.String(), c.table) {
			t.Errorf("%s: the table lacks %q:\n%s", name, c.table, &out)
		}
	}
}
