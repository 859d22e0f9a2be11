package mysql

import (
	"context"
	"errors"
	"fmt"

	driver "github.com/go-sql-driver/mysql"

	"weir/sinks/columns"
)

// check reports everything that stands in the sink's way.
func (t table) check(ctx context.Context, conn *connection, migrate bool) error {
	var errs []error
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("checking table %s: "+format, append([]any{t}, args...)...))
		}
	}
	var readOnly bool
	var flush int
	var user, database string
	err := conn.QueryRowContext(ctx, "SELECT @@global.read_only, @@global.innodb_flush_log_at_trx_commit, CURRENT_USER(), DATABASE()").Scan(&readOnly, &flush, &user, &database)
	if err != nil {
		return fmt.Errorf("checking table %s: %w", t, err)
	}
	need(!readOnly, "the server is read-only: connect to the primary")
	need(flush == 1, "the server answers COMMIT before its log is on disk (innodb_flush_log_at_trx_commit = %d): set it to 1", flush)
	exists, err := conn.exists(ctx, string(t)) // as this user sees it
	if err != nil {
		return fmt.Errorf("checking table %s: %w", t, err)
	}
	if !exists {
		if !migrate {
			return errors.Join(append(errs, t.complete(ctx, conn))...)
		}
		// The server asks for the privilege before it looks for what is to be copied.
		need(!denied(conn.try(ctx, "CREATE TABLE "+t.quoted()+" LIKE weir_no_such_table")),
			"GRANT CREATE, CREATE VIEW, ALTER, SELECT, INSERT, DELETE ON %s.* TO %s", quote(database), user)
		return errors.Join(errs...)
	}
	need(!denied(conn.try(ctx, "EXPLAIN INSERT INTO "+t.quoted()+" () VALUES ()")), "GRANT INSERT ON %s.%s TO %s", quote(database), t.quoted(), user)
	need(!denied(conn.try(ctx, "SELECT "+quote(columns.Key[0])+", "+quote(columns.Key[1])+" FROM "+t.quoted()+" LIMIT 0")),
		"GRANT SELECT (%s, %s) ON %s.%s TO %s", columns.Key[0], columns.Key[1], quote(database), t.quoted(), user)
	if len(errs) == 0 && !migrate {
		errs = append(errs, t.complete(ctx, conn))
	}
	return errors.Join(errs...)
}

// try runs a statement that changes nothing, for the error that it gives.
func (c *connection) try(ctx context.Context, statement string) error {
	_, err := c.ExecContext(ctx, statement)
	return err
}

// denied reports whether a privilege is missing: on the database, table or column.
func denied(err error) bool {
	var e *driver.MySQLError
	return errors.As(err, &e) && (e.Number == 1044 || e.Number == 1142 || e.Number == 1143)
}
