package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"weir/sinks/columns"
)

// dialect is for STRICT tables, which hold what their columns say. A decimal is
// ANY: a number where SQLite can hold it exactly, else text with all its digits.
var dialect = columns.Dialect{
	Types: [...]string{
		columns.Text: "TEXT", columns.UUID: "TEXT", columns.Timestamp: "TEXT", columns.Integer: "INTEGER",
		columns.Boolean: "INTEGER", columns.Decimal: "ANY", columns.JSON: "TEXT",
	},
	Quote: quote,
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// exact returns a decimal as int64 or float64 if that keeps its value (15
// significant digits always survive a float64), else as text.
func exact(number string) any {
	if n, err := strconv.ParseInt(number, 10, 64); err == nil {
		return n
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(number, "-")), "e")
	digits := strings.TrimLeft(strings.Replace(mantissa, ".", "", 1), "0")
	e, err := strconv.Atoi("0" + strings.TrimLeft(exponent, "+-")) // its size; the sign does not matter here
	f, err2 := strconv.ParseFloat(number, 64)
	if err != nil || err2 != nil || len(digits) > 15 || e+len(mantissa) > 300 {
		return number
	}
	return f
}

// migrations is the table that remembers the version of each event table.
const migrations = "weir_migrations"

// steps bring an event table from the version that is a step's index to the
// next. A step that was released is never changed. Columns are not their
// affair: see addColumns.
var steps = []func(table string) []string{
	func(table string) []string {
		t := quote(table)
		view := func(name string) string { return "CREATE VIEW " + quote(table+"_"+name) + " AS " }
		return []string{
			"CREATE TABLE " + t + " (\n\t" + dialect.Definitions() + "\n) STRICT",
			"CREATE UNIQUE INDEX " + quote(table+"_key") + " ON " + t + " (" + quote(columns.Key[0]) + ", " + quote(columns.Key[1]) + ")",
			"CREATE INDEX " + quote(table+"_collected") + " ON " + t + " (collector_tstamp)",

			view("feed") + `SELECT collector_tstamp, app_id, event_name, weir->>'$.verdict' AS verdict,
				coalesce(user_id, domain_userid, network_userid) AS visitor, page_url, unstruct_event->'$.data' AS data, event_id
				FROM ` + t + ` ORDER BY collector_tstamp DESC`,
			view("entities") + `SELECT collector_tstamp, event_id, e.value->>'$.schema' AS schema, e.value->'$.data' AS data
				FROM ` + t + `, json_each(coalesce(contexts, '[]')) AS e
				UNION ALL SELECT collector_tstamp, event_id, e.value->>'$.schema', e.value->'$.data'
				FROM ` + t + `, json_each(coalesce(derived_contexts, '[]')) AS e`,
			view("violations") + `SELECT collector_tstamp, app_id, event_name, v.value->>'$.schema' AS schema, v.value->>'$.path' AS path,
				v.value->>'$.keyword' AS keyword, v.value->>'$.message' AS message, event_id
				FROM ` + t + `, json_each(coalesce(weir->'$.violations', '[]')) AS v`,
		}
	},
}

// migrate runs the steps that are missing in one transaction. Several processes
// may do it at once: the first takes the write lock, the others find it done.
func migrate(ctx context.Context, db *sql.DB, table string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("migrating table %s: %w", table, err)
	}
	defer tx.Rollback()
	if err := errors.Join(runSteps(ctx, tx, table), addColumns(ctx, tx, table)); err != nil {
		return fmt.Errorf("migrating table %s: %w", table, err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("migrating table %s: %w", table, err)
	}
	return nil
}

func runSteps(ctx context.Context, tx *sql.Tx, table string) error {
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+quote(migrations)+
		" (table_name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT"); err != nil {
		return err
	}
	version := 0
	err := tx.QueryRowContext(ctx, "SELECT version FROM "+quote(migrations)+" WHERE table_name = ?", table).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("it has version %d, this program knows up to %d: use a newer weir", version, len(steps))
	}
	for _, step := range steps[version:] {
		for _, statement := range step(table) {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO "+quote(migrations)+" VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version", table, len(steps))
	return err
}

// addColumns adds the columns of columns.All that the table lacks.
func addColumns(ctx context.Context, tx *sql.Tx, table string) error {
	rows, err := tx.QueryContext(ctx, "SELECT name FROM pragma_table_info(?)", table)
	if err != nil {
		return err
	}
	defer rows.Close()
	has := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		has[name] = true
	}
	if err := rows.Err(); err != nil || len(has) == 0 {
		return err
	}
	for _, c := range columns.All {
		if has[c.Name] {
			continue
		}
		if _, err := tx.ExecContext(ctx, "ALTER TABLE "+quote(table)+" ADD COLUMN "+dialect.Definition(c)); err != nil {
			return err
		}
	}
	return nil
}
