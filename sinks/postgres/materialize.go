package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"weir/sinks"
	"weir/sinks/columns"
)

// Materialize has tables without keys and constraints, transactions that only
// write or only read, and neither savepoints nor locks. So each statement stands
// alone here, and what is written again is there again.

// storeParts stores what the server takes, a COPY for each part. A part that is
// refused is halved, down to the guilty event.
func (s *Sink) storeParts(ctx context.Context) error {
	type part struct{ from, to int }
	var todo []part
	if len(s.ends) > 0 {
		todo = append(todo, part{0, len(s.ends)})
	}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		err := s.copy(ctx, p.from, p.to, s.table.copy())
		switch {
		case err == nil:
		case !isRefusal(err):
			return err
		case p.to-p.from == 1:
			s.failures = append(s.failures, sinks.EventError{Index: s.indexes[p.from], Err: refusal(err), Permanent: true})
		default:
			middle := (p.from + p.to) / 2
			todo = append(todo, part{middle, p.to}, part{p.from, middle})
		}
	}
	return nil
}

// fitsMaterialize reports whether a column of Materialize holds a value as it
// is: its numerics have 39 digits, and there is no year before 1.
func fitsMaterialize(t columns.Type, v columns.Value) bool {
	if t == columns.Timestamp {
		return v.Text >= "0001"
	}
	integer, fraction := columns.Digits(v.Text)
	return integer+fraction <= 38
}

// create makes what is missing, one statement after the other.
func (t table) create(ctx context.Context, conn *pgx.Conn) error {
	statements := []string{
		"CREATE SCHEMA IF NOT EXISTS " + quote(t.schema),
		"CREATE TABLE IF NOT EXISTS " + t.quoted() + " (\n\t" + t.definitions() + "\n)",
	}
	for i, view := range t.views() {
		there, err := t.has(ctx, conn, t.name+"_"+views[i])
		if err != nil {
			return fmt.Errorf("migrating %s: %w", t, err)
		}
		if !there {
			statements = append(statements, view)
		}
	}
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("migrating %s: %w", t, err)
		}
	}
	missing, err := t.missing(ctx, conn)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("table %s lacks %d columns, the first is %s, and Materialize adds none: name another table", t, len(missing), missing[0].Name)
	}
	return err
}

// has reports whether the schema has a table or view of that name.
func (t table) has(ctx context.Context, conn *pgx.Conn, name string) (there bool, err error) {
	err = conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2",
		t.schema, name).Scan(&there)
	return there, err
}

func (t table) definitions() string {
	list := make([]string, 0, columns.Len+1)
	for _, c := range t.columns() {
		list = append(list, dialect.Definition(c))
	}
	return strings.Join(list, ",\n\t")
}

func (t table) checkMaterialize(ctx context.Context, conn *pgx.Conn, migrate bool) error {
	missing, err := t.missing(ctx, conn)
	if err != nil {
		return fmt.Errorf("checking %s: %w", t, err)
	}
	if len(missing) == len(t.columns()) && migrate {
		var create bool
		if err := conn.QueryRow(ctx, "SELECT has_database_privilege(current_database(), 'CREATE')").Scan(&create); err != nil {
			return fmt.Errorf("checking %s: %w", t, err)
		}
		if !create {
			return fmt.Errorf("checking %s: GRANT CREATE ON DATABASE to the user, or create the table for it", t)
		}
		return nil
	}
	var errs []error
	if err := t.complete(ctx, conn); err != nil {
		errs = append(errs, fmt.Errorf("checking %s: %w", t, err))
	}
	var insert bool
	if len(missing) < len(t.columns()) {
		if err := conn.QueryRow(ctx, "SELECT has_table_privilege($1, 'INSERT')", t.quoted()).Scan(&insert); err != nil {
			errs = append(errs, fmt.Errorf("checking %s: %w", t, err))
		} else if !insert {
			errs = append(errs, fmt.Errorf("checking %s: GRANT INSERT ON %s to the user", t, t.quoted()))
		}
	}
	return errors.Join(errs...)
}
