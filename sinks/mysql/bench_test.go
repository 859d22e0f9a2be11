//go:build unix

package mysql

import (
	"database/sql"
	"strings"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/mysql/mysqltest"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(mysqltest.Start(b))) }

// BenchmarkInsert is what to compare the sink with: the driver's own bulk path,
// one INSERT of many rows with its parameters interpolated, straight into the
// same table, which stores a batch once and fails on the second time.
func BenchmarkInsert(b *testing.B) {
	const size = 500
	dsn := mysqltest.Start(b).Database(b)
	if err := sink(b, Config{DSN: sinks.Secret(dsn), Migrate: true}).Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		b.Fatal(err)
	}
	config.InterpolateParams = true
	connector, err := driver.NewConnector(config)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(connector)
	b.Cleanup(func() { db.Close() })
	tuple := "(?" + strings.Repeat(",?", columns.Len-1) + ")"
	query := "INSERT INTO events (" + dialect.Names() + ") VALUES " + tuple + strings.Repeat(","+tuple, size-1)
	var events []sinks.Event
	var row columns.Row
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			b.StopTimer()
			events = sinktest.Events(uint64(n), 64*size)
			b.StartTimer()
		}
		args := make([]any, 0, size*columns.Len)
		for _, e := range events[n%64*size:][:size] {
			if err := row.Read(e.Envelope); err != nil {
				b.Fatal(err)
			}
			args = appendValues(args, &row)
		}
		if _, err := db.ExecContext(b.Context(), query, args...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}

func appendValues(args []any, row *columns.Row) []any {
	for i, v := range row {
		switch t := columns.All[i].Type; {
		case !v.Set:
			args = append(args, nil)
		case t == columns.Timestamp:
			args = append(args, v.Text[:len(v.Text)-1])
		case t == columns.Integer || t == columns.Boolean:
			args = append(args, v.Int)
		default:
			args = append(args, v.Text)
		}
	}
	return args
}
