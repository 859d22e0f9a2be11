package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"weir/sinks/postgres/pgtest"
)

// database reads what arrived.
type database struct{ dsn string }

func newDatabase(t testing.TB, server *pgtest.Server) database {
	t.Helper()
	return database{server.Database(t)}
}

// row is one event as the database's own row_to_json shows it.
type row map[string]any

// query connects anew each time, since the server comes and goes.
func (db database) query(sql string, args []any, each func(pgx.CollectableRow) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, db.dsn)
	if err != nil {
		return fmt.Errorf("connecting to the database: %w", err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return fmt.Errorf("reading the database: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the database: %w", err)
	}
	return nil
}

// eventIDs counts the rows of each event of an app.
func (db database) eventIDs(app string) (map[string]int, error) {
	ids := map[string]int{}
	err := db.query(`SELECT event_id::text FROM atomic.events WHERE app_id = $1`, []any{app}, func(r pgx.CollectableRow) error {
		var id string
		err := r.Scan(&id)
		ids[id]++
		return err
	})
	return ids, err
}

// rows are the rows of an app in a table, in the order the tracker made them.
func (db database) rows(table, app string) ([]row, error) {
	var all []row
	err := db.query(`SELECT row_to_json(e) FROM atomic.`+table+` e WHERE app_id = $1 ORDER BY dvce_created_tstamp, event_id`, []any{app}, func(r pgx.CollectableRow) error {
		var raw []byte
		if err := r.Scan(&raw); err != nil {
			return err
		}
		var one row
		err := json.Unmarshal(raw, &one)
		all = append(all, one)
		return err
	})
	return all, err
}

// await waits until a table holds n rows of an app.
func (db database) await(t testing.TB, table, app string, n int) []row {
	t.Helper()
	var all []row
	eventually(t, fmt.Sprintf("%d rows of %s in %s", n, app, table), func() (err error) {
		if all, err = db.rows(table, app); err == nil && len(all) != n {
			err = fmt.Errorf("there are %d", len(all))
		}
		return err
	})
	return all
}
