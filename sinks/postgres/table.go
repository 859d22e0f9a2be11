package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"weir/sinks/columns"
)

var dialect = columns.Dialect{
	Types: [...]string{
		columns.Text: "text", columns.UUID: "uuid", columns.Timestamp: "timestamptz", columns.Integer: "integer",
		columns.Boolean: "boolean", columns.Decimal: "numeric", columns.JSON: "jsonb",
	},
	Quote: quote,
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// table is the event table.
type table struct {
	schema, name     string
	dialect          string
	chunk, retention time.Duration // of a hypertable
}

func (t table) String() string { return t.schema + "." + t.name }
func (t table) quoted() string { return pgx.Identifier{t.schema, t.name}.Sanitize() }

// key is the constraint that keeps events unique.
func (t table) key() string { return t.name + "_key" }

// beside names a view or the like next to the table.
func (t table) beside(name string) string {
	return pgx.Identifier{t.schema, t.name + "_" + name}.Sanitize()
}

// migrations is the table that remembers the version of each event table of a schema.
const migrations = "weir_migrations"

// migrationLock is the advisory lock that lets one process migrate at a time: "weir" in ASCII.
const migrationLock = 0x77656972

// steps bring an event table from the version that is a step's index to the
// next. A step that was released is never changed. Columns are not their
// affair: see addColumns.
var steps = []func(t table) []string{
	func(t table) []string {
		list := []string{
			"CREATE TABLE " + t.quoted() + " (\n\t" + dialect.Definitions() + ",\n\tCONSTRAINT " + quote(t.key()) + " UNIQUE " + t.keyColumns() + "\n)",
			// Events arrive about in the order of their time: a few pages of BRIN
			// serve where a B-tree would grow with the table.
			"CREATE INDEX " + quote(t.name+"_collected") + " ON " + t.quoted() + " USING brin (collector_tstamp)",
		}
		return append(append(list, t.hypertable()...), t.views()...)
	},
}

// views are queries that most people begin with, and what follows the table's
// name in theirs.
var views = [...]string{"feed", "entities", "violations"}

func (t table) views() []string {
	return []string{
		"CREATE VIEW " + t.beside(views[0]) + ` AS SELECT collector_tstamp, app_id, event_name, weir->>'verdict' AS verdict,
			coalesce(user_id, domain_userid, network_userid) AS visitor, page_url, unstruct_event->'data' AS data, event_id
			FROM ` + t.quoted() + ` ORDER BY collector_tstamp DESC`,
		"CREATE VIEW " + t.beside(views[1]) + ` AS SELECT collector_tstamp, event_id, e->>'schema' AS schema, e->'data' AS data
			FROM ` + t.quoted() + `, jsonb_array_elements(coalesce(contexts, '[]') || coalesce(derived_contexts, '[]')) AS e`,
		"CREATE VIEW " + t.beside(views[2]) + ` AS SELECT collector_tstamp, app_id, event_name, v->>'schema' AS schema, v->>'path' AS path,
			v->>'keyword' AS keyword, v->>'message' AS message, event_id
			FROM ` + t.quoted() + `, jsonb_array_elements(coalesce(weir->'violations', '[]')) AS v`,
	}
}

// migrate runs the steps that are missing in one transaction, under a lock: any
// number of processes may do it at once.
func (t table) migrate(ctx context.Context, conn *pgx.Conn) error {
	if t.dialect == materialize {
		return t.create(ctx, conn)
	}
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", migrationLock); err != nil {
			return err
		}
		if err := t.runSteps(ctx, tx); err != nil {
			return err
		}
		if err := t.addColumns(ctx, tx); err != nil {
			return err
		}
		return t.isHypertable(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("migrating %s: %w", t, err)
	}
	return nil
}

func (t table) runSteps(ctx context.Context, tx pgx.Tx) error {
	known := pgx.Identifier{t.schema, migrations}.Sanitize()
	exists := false
	if err := tx.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", known).Scan(&exists); err != nil {
		return err
	}
	if !exists {
		for _, statement := range []string{
			"CREATE SCHEMA IF NOT EXISTS " + quote(t.schema),
			"CREATE TABLE " + known + " (table_name text PRIMARY KEY, version integer NOT NULL)",
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	version := 0
	err := tx.QueryRow(ctx, "SELECT version FROM "+known+" WHERE table_name = $1", t.name).Scan(&version)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("it has version %d, this program knows up to %d: use a newer weir", version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	for _, step := range steps[version:] {
		for _, statement := range step(t) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
	}
	_, err = tx.Exec(ctx, "INSERT INTO "+known+" VALUES ($1, $2) ON CONFLICT (table_name) DO UPDATE SET version = excluded.version", t.name, len(steps))
	return err
}

// addColumns adds the columns of columns.All that the table lacks.
func (t table) addColumns(ctx context.Context, tx pgx.Tx) error {
	missing, err := t.missing(ctx, tx)
	if err != nil || len(missing) == 0 {
		return err
	}
	add := make([]string, len(missing))
	for i, c := range missing {
		add[i] = "ADD COLUMN " + dialect.Definition(c)
	}
	_, err = tx.Exec(ctx, "ALTER TABLE "+t.quoted()+" "+strings.Join(add, ", "))
	return err
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// missing returns the columns that the table does not have; all, if there is no table.
func (t table) missing(ctx context.Context, q querier) (list []columns.Column, err error) {
	rows, err := q.Query(ctx, `SELECT a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped`, t.schema, t.name)
	if err != nil {
		return nil, err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	has := make(map[string]bool, len(names))
	for _, name := range names {
		has[name] = true
	}
	for _, c := range t.columns() {
		if !has[c.Name] {
			list = append(list, c)
		}
	}
	return list, nil
}

// complete makes sure that a table which others migrate is there.
func (t table) complete(ctx context.Context, conn *pgx.Conn) error {
	missing, err := t.missing(ctx, conn)
	if err != nil {
		return err
	}
	switch len(missing) {
	case 0:
		return t.isHypertable(ctx, conn)
	case len(t.columns()):
		return fmt.Errorf("there is no table %s and migrate is off: turn it on once, as a user that may create the table", t)
	default:
		return fmt.Errorf("table %s lacks %d columns, the first is %s, and migrate is off: turn it on once, as the table's owner", t, len(missing), missing[0].Name)
	}
}
