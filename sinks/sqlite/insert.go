package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"weir/sinks/columns"
)

// inserts prepares statements within one transaction: one for each set of
// columns present. Most events have a third of the columns, and those of one
// tracker the same ones; binding the nulls of the others would be work for
// nothing.
type inserts struct {
	table string
	tx    *sql.Tx
	open  map[present]*sql.Stmt
}

// mostInserts bounds the statements held, should every event have columns of its own.
const mostInserts = 64

func (in *inserts) prepare(ctx context.Context, p present) (*sql.Stmt, error) {
	if stmt := in.open[p]; stmt != nil {
		return stmt, nil
	}
	if in.open == nil || len(in.open) == mostInserts {
		in.close()
		in.open = map[present]*sql.Stmt{}
	}
	stmt, err := in.tx.PrepareContext(ctx, insert(in.table, p))
	if err != nil {
		return nil, err
	}
	in.open[p] = stmt
	return stmt, nil
}

func (in *inserts) close() {
	for _, stmt := range in.open {
		stmt.Close()
	}
	in.open = nil
}

// present names the columns of a row that are not null, a bit each.
type present [(columns.Len + 63) / 64]uint64

// arguments appends the values of a row that are not null and says whose they are.
func arguments(dst []any, row *columns.Row) (args []any, p present) {
	for i, v := range row {
		if !v.Set {
			continue
		}
		p[i/64] |= 1 << (i % 64)
		switch columns.All[i].Type {
		case columns.Integer, columns.Boolean:
			dst = append(dst, v.Int)
		case columns.Decimal:
			dst = append(dst, exact(v.Text))
		default:
			dst = append(dst, v.Text)
		}
	}
	return dst, p
}

// insert is the statement for rows that have values in these columns alone.
func insert(table string, p present) string {
	var names []string
	for i, c := range columns.All {
		if p[i/64]&(1<<(i%64)) != 0 {
			names = append(names, quote(c.Name))
		}
	}
	return "INSERT INTO " + quote(table) + " (" + strings.Join(names, ", ") + ") VALUES (" +
		strings.Repeat("?, ", len(names)-1) + "?) ON CONFLICT DO NOTHING"
}
