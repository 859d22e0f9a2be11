package columns_test

import (
	"encoding/json"
	"testing"

	"weir/sinks/columns"
)

func TestNarrow(t *testing.T) {
	fits := func(t columns.Type, v columns.Value) bool {
		if t == columns.Decimal {
			integer, fraction := columns.Digits(v.Text)
			return integer <= 3 && fraction <= 2
		}
		return v.Int >= 0
	}
	row, err := read(t, `"true_tstamp":"1969-12-31T23:59:59.999Z","se_value":1e400,"tr_total":999.99`)
	if err != nil {
		t.Fatal(err)
	}
	got, err := row.Narrow(nil, fits)
	if want := `{"se_value":1e400,"true_tstamp":"1969-12-31T23:59:59.999Z"}`; err != nil || string(got) != want {
		t.Errorf("taken out is %s, %v; want %s", got, err, want)
	}
	if !json.Valid(got) || row[column(t, "se_value")].Set || row[column(t, "true_tstamp")].Set || !row[column(t, "tr_total")].Set {
		t.Errorf("the row is left as %+v", row)
	}
	if got, err := row.Narrow(nil, fits); len(got) != 0 || err != nil {
		t.Errorf("of a row that fits, %s is taken out, %v", got, err)
	}
	if _, err := row.Narrow(nil, func(columns.Type, columns.Value) bool { return false }); err == nil {
		t.Error("a required column is taken out")
	}
}

func TestDigits(t *testing.T) {
	for number, want := range map[string][2]int{
		"0": {}, "0.000": {}, "-0e9": {}, "1": {1, 0}, "-12.5": {2, 1}, "19.90": {2, 1}, "0.05": {0, 2}, "1E2": {3, 0}, "1.25e1": {2, 1},
		"1e-3": {0, 3}, "120e-1": {2, 0}, "0.0012e2": {0, 2}, "0.12e2": {2, 0}, "1e400": {401, 0}, "1e-400": {0, 400}, "100": {3, 0}, "5e+1": {2, 0},
	} {
		if integer, fraction := columns.Digits(number); integer != want[0] || fraction != want[1] {
			t.Errorf("%s has %d digits before and %d behind its point, want %v", number, integer, fraction, want)
		}
	}
}
