//go:build unix

package s3

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"weir/edge/toolchain/need"
	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/sinktest"
)

// TestParquetIndependently has Apache Arrow, which shares no code with the
// sink's library, read what the sink makes: types, groups of rows, every value.
func TestParquetIndependently(t *testing.T) {
	python, arrow := need.Tool(t, "python3"), need.Tool(t, "pyarrow")
	events := append(sinktest.Events(1, 500), sinktest.Full(1, 0), sinktest.Full(1, 1),
		sinktest.With(sinktest.Events(2, 1)[0], "page_title", "Zoë 日本語 \u2028", "true_tstamp", "0000-01-01T00:00:00.000Z", "se_value", json.Number("0.1")),
		sinktest.With(sinktest.Events(2, 2)[1], "true_tstamp", "9999-12-31T23:59:59.999Z", "se_value", json.Number("-1e300"), "page_urlport", -1<<31))
	for _, c := range []struct{ compression, decimals, arrow, logical string }{
		{"zstd", "double", "double", "None"}, {"gzip", "text", "string", "String"}, {"none", "double", "double", "None"},
	} {
		t.Run(c.compression+" "+c.decimals, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.parquet")
			if err := os.WriteFile(path, encoded(t, newTable(c.compression, c.decimals, 200), events), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(python, "testdata/read.py", path)
			cmd.Env = append(os.Environ(), "PYTHONPATH="+arrow)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, stderr.Bytes())
			}
			lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
			checkFile(t, lines[0], [2]string{c.arrow, c.logical})
			if len(lines) != 1+len(events) {
				t.Fatalf("%d rows, want %d", len(lines)-1, len(events))
			}
			for i, e := range events {
				checkRow(t, lines[1+i], e, c.decimals == "double")
			}
		})
	}
}

func encoded(t testing.TB, table *table, events []sinks.Event) []byte {
	t.Helper()
	var buf bytes.Buffer
	table.begin(&buf)
	for _, e := range events {
		if err := table.add(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.end(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func checkFile(t *testing.T, line []byte, decimalType [2]string) {
	t.Helper()
	var file struct {
		CreatedBy string `json:"created_by"`
		RowGroups int    `json:"row_groups"`
		Columns   [][4]any
	}
	if err := json.Unmarshal(line, &file); err != nil {
		t.Fatal(err)
	}
	if file.CreatedBy != "weir" || file.RowGroups != 3 || len(file.Columns) != columns.Len {
		t.Fatalf("the file is by %s, with %d row groups and %d columns", file.CreatedBy, file.RowGroups, len(file.Columns))
	}
	types := map[columns.Type][2]string{
		columns.Text: {"string", "String"}, columns.UUID: {"string", "String"}, columns.Integer: {"int32", "Int(bitWidth=32, isSigned=true)"},
		columns.Boolean: {"bool", "None"}, columns.JSON: {"string", "JSON"}, columns.Decimal: decimalType,
		columns.Timestamp: {"timestamp[ms, tz=UTC]", "Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds, is_from_converted_type=false, force_set_converted_type=false)"},
	}
	for i, c := range columns.All {
		if want := [4]any{c.Name, types[c.Type][0], !c.Required, types[c.Type][1]}; file.Columns[i] != want {
			t.Errorf("column %d is %v, want %v", i, file.Columns[i], want)
		}
	}
}

func checkRow(t *testing.T, line []byte, e sinks.Event, doubles bool) {
	t.Helper()
	var got map[string]json.RawMessage
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	var want columns.Row
	if err := want.Read(e.Envelope); err != nil {
		t.Fatal(err)
	}
	for i, c := range columns.All {
		v := want[i]
		if g, ok := got[c.Name]; ok != v.Set {
			t.Errorf("event %s: %s is %s, want it set: %t", e.ID, c.Name, g, v.Set)
		} else if ok && !same(g, c.Type, v, doubles) {
			t.Errorf("event %s: %s is %.100s, want %+v", e.ID, c.Name, g, v)
		}
	}
}

func same(got json.RawMessage, t columns.Type, want columns.Value, doubles bool) bool {
	switch t {
	case columns.Timestamp, columns.Integer:
		return string(got) == strconv.FormatInt(want.Int, 10)
	case columns.Boolean:
		return string(got) == strconv.FormatBool(want.Int == 1)
	case columns.Decimal:
		if doubles {
			a, err1 := strconv.ParseFloat(string(got), 64)
			b, err2 := strconv.ParseFloat(want.Text, 64)
			return err1 == nil && err2 == nil && a == b
		}
	}
	var text string
	return json.Unmarshal(got, &text) == nil && text == want.Text
}
