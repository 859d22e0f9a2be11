//go:build unix

package postgres

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"weir/sinks"
	"weir/sinks/columns"
	"weir/sinks/postgres/pgtest"
	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(pgtest.Start(b))) }

// BenchmarkCopy is what to compare the sink with: pgx's own bulk path, straight
// into the same table, which stores a batch once and fails on the second time.
func BenchmarkCopy(b *testing.B) {
	const size = 500
	dsn := pgtest.Start(b).Database(b)
	if err := sink(b, Config{DSN: sinks.Secret(dsn), Migrate: true}).Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	conn := connect(b, dsn)
	names := make([]string, columns.Len)
	for i, c := range columns.All {
		names[i] = c.Name
	}
	var events []sinks.Event
	var row columns.Row
	n := 0
	for b.Loop() {
		if n%64 == 0 {
			b.StopTimer()
			events = sinktest.Events(uint64(n), 64*size)
			b.StartTimer()
		}
		batch := events[n%64*size:][:size]
		_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"atomic", "events"}, names, pgx.CopyFromSlice(size, func(i int) ([]any, error) {
			err := row.Read(batch[i].Envelope)
			return values(&row), err
		}))
		if err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}

func values(row *columns.Row) []any {
	list := make([]any, columns.Len)
	for i, v := range row {
		switch t := columns.All[i].Type; {
		case !v.Set:
		case t == columns.Timestamp:
			list[i] = time.UnixMilli(v.Int)
		case t == columns.Integer:
			list[i] = v.Int
		case t == columns.Boolean:
			list[i] = v.Int == 1
		case t == columns.Decimal:
			var n pgtype.Numeric
			if err := n.Scan(v.Text); err == nil {
				list[i] = n
			}
		default:
			list[i] = v.Text
		}
	}
	return list
}
