package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"weir/edge/envelope"
	"weir/sinks/columns"
)

// Where the key is in a row.
const (
	columnID          = int(envelope.EventID)
	columnFingerprint = int(envelope.EventFingerprint)
)

// A decimal has 20 digits before its point and 18 behind it. What needs more is
// kept as it is in the overflow column: DECIMAL would round it without a word.
const decimalDigits, decimalScale = 38, 18

// dialect is for both servers. Texts and JSON are LONGTEXT, of which 131 fit
// within the 65,535 bytes of a row. JSON is not the servers' own: MySQL's rounds
// numbers to a double, MariaDB's refuses what is nested deeper than 32.
var dialect = columns.Dialect{
	Types: [...]string{
		columns.Text: "LONGTEXT", columns.UUID: "CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", columns.Timestamp: "DATETIME(3)",
		columns.Integer: "INT", columns.Boolean: "BOOLEAN", columns.Decimal: fmt.Sprintf("DECIMAL(%d, %d)", decimalDigits, decimalScale), columns.JSON: "LONGTEXT",
	},
	Quote: quote,
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// definition is a column as CREATE TABLE and ADD COLUMN want it. A fingerprint
// is part of a key, which a LONGTEXT cannot be.
func definition(c columns.Column) string {
	if c.Name == columns.Key[1] {
		return quote(c.Name) + " VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL"
	}
	return dialect.Definition(c)
}

// all is every column that the sink writes, and names their quoted names.
var (
	all   = append(columns.All[:columns.Len:columns.Len], columns.Overflow)
	names = func() (list [width]string) {
		for i, c := range all {
			list[i] = quote(c.Name)
		}
		return list
	}()
)

// table is the event table, in the connection's database.
type table string

func (t table) quoted() string { return quote(string(t)) }

// key is the index that keeps events unique.
func (t table) key() string { return string(t) + "_key" }

// migrations is the table that remembers the version of each event table.
const migrations = "weir_migrations"

// object is a table or view and the statement that creates it.
type object struct{ name, statement string }

// steps bring an event table from the version that is a step's index to the
// next. A step that was released is never changed. Columns are not their
// affair: see addColumns. There are no transactions around definitions, so a
// step may begin again where it was cut off: what is there is passed over.
var steps = []func(t table) []object{
	func(t table) []object {
		definitions := make([]string, len(all))
		for i, c := range all {
			definitions[i] = definition(c)
		}
		view := func(name, query string) object {
			return object{string(t) + "_" + name, "CREATE SQL SECURITY INVOKER VIEW " + quote(string(t)+"_"+name) + " AS " + query}
		}
		// A document that the server cannot read, because it is nested too deep, has no elements.
		elements := func(value, columns string) string {
			return "JSON_TABLE(IF(JSON_VALID(" + value + "), " + value + ", '[]'), '$[*]' COLUMNS (" + columns + "))"
		}
		entities := func(column string) string {
			return "SELECT t.collector_tstamp, t.event_id, e.entity AS `schema`, e.data FROM " + t.quoted() + " AS t, " +
				elements("t."+column, "entity VARCHAR(255) PATH '$.schema', data JSON PATH '$.data'") + " AS e"
		}
		return []object{
			// The rows lie in the order of their arrival, not of their random ids.
			{string(t), "CREATE TABLE " + t.quoted() + " (\n\tweir_row BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,\n\t" + strings.Join(definitions, ",\n\t") +
				",\n\tUNIQUE KEY " + quote(t.key()) + " (" + quote(columns.Key[0]) + ", " + quote(columns.Key[1]) + ")" +
				",\n\tKEY " + quote(string(t)+"_collected") + " (collector_tstamp)" +
				"\n) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"},

			view("feed", `SELECT collector_tstamp, app_id, event_name, JSON_UNQUOTE(JSON_EXTRACT(weir, '$.verdict')) AS verdict,
				COALESCE(user_id, domain_userid, network_userid) AS visitor, page_url, JSON_EXTRACT(unstruct_event, '$.data') AS data, event_id
				FROM `+t.quoted()+` ORDER BY collector_tstamp DESC`),
			view("entities", entities("contexts")+" UNION ALL "+entities("derived_contexts")),
			view("violations", "SELECT t.collector_tstamp, t.app_id, t.event_name, v.entity AS `schema`, v.path, v.keyword, v.message, t.event_id FROM "+t.quoted()+" AS t, "+
				elements("JSON_EXTRACT(t.weir, '$.violations')", "entity VARCHAR(255) PATH '$.schema', path LONGTEXT PATH '$.path', keyword VARCHAR(64) PATH '$.keyword', message LONGTEXT PATH '$.message'")+" AS v"),
		}
	},
}

// migrationLock is held by the one process that migrates. It is the server's,
// so the database is part of its name, which has 64 characters.
const migrationLock = "CONCAT('weir_migrate.', MD5(DATABASE()))"

// migrate runs the steps that are missing, under a lock: any number of
// processes may do it at once.
func (t table) migrate(ctx context.Context, conn *connection) error {
	if err := t.locked(ctx, conn); err != nil {
		return fmt.Errorf("migrating table %s: %w", t, err)
	}
	return nil
}

func (t table) locked(ctx context.Context, conn *connection) (err error) {
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+migrationLock+", 60)").Scan(&got); err != nil {
		return err
	}
	if got.Int64 != 1 {
		return errors.New("another process has been migrating for a minute")
	}
	defer func() {
		_, err2 := conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+migrationLock+")")
		err = errors.Join(err, err2)
	}()
	exists, err := conn.exists(ctx, string(t))
	if err == nil && exists {
		err = t.usable(ctx, conn)
	}
	if err == nil {
		err = t.runSteps(ctx, conn)
	}
	if err != nil {
		return err
	}
	return t.addColumns(ctx, conn)
}

func (t table) runSteps(ctx context.Context, conn *connection) error {
	version := 0
	exists, err := conn.exists(ctx, migrations)
	if err != nil {
		return err
	}
	if !exists {
		if _, err := conn.ExecContext(ctx, "CREATE TABLE "+quote(migrations)+" (table_name VARCHAR(64) CHARACTER SET ascii PRIMARY KEY, version INT NOT NULL) ENGINE=InnoDB"); err != nil {
			return err
		}
	}
	err = conn.QueryRowContext(ctx, "SELECT version FROM "+quote(migrations)+" WHERE table_name = ?", string(t)).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("it has version %d, this program knows up to %d: use a newer weir", version, len(steps))
	}
	if version == len(steps) {
		return nil
	}
	for _, step := range steps[version:] {
		for _, o := range step(t) {
			exists, err := conn.exists(ctx, o.name)
			if err != nil {
				return err
			}
			if exists {
				continue
			}
			if _, err := conn.ExecContext(ctx, o.statement); err != nil {
				return err
			}
		}
	}
	_, err = conn.ExecContext(ctx, "REPLACE INTO "+quote(migrations)+" VALUES (?, ?)", string(t), len(steps))
	return err
}

// exists reports whether the database has a table or view of that name.
func (c *connection) exists(ctx context.Context, name string) (found bool, err error) {
	err = c.QueryRowContext(ctx, "SELECT COUNT(*) > 0 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", name).Scan(&found)
	return found, err
}

// addColumns adds the columns that the table lacks.
func (t table) addColumns(ctx context.Context, conn *connection) error {
	missing, err := t.missing(ctx, conn)
	if err != nil || len(missing) == 0 {
		return err
	}
	add := make([]string, len(missing))
	for i, c := range missing {
		add[i] = "ADD COLUMN " + definition(c)
	}
	_, err = conn.ExecContext(ctx, "ALTER TABLE "+t.quoted()+" "+strings.Join(add, ", "))
	return err
}

// missing returns the columns that the table does not have; all, if there is no table.
func (t table) missing(ctx context.Context, conn *connection) (list []columns.Column, err error) {
	rows, err := conn.QueryContext(ctx, "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?", string(t))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	has := make(map[string]bool, width)
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		has[name] = true
	}
	for _, c := range all {
		if !has[c.Name] {
			list = append(list, c)
		}
	}
	return list, rows.Err()
}

// complete makes sure that a table which others migrate is there.
func (t table) complete(ctx context.Context, conn *connection) error {
	missing, err := t.missing(ctx, conn)
	if err != nil {
		return err
	}
	switch len(missing) {
	case 0:
		return nil
	case width:
		return fmt.Errorf("there is no table %s that this user sees, and migrate is off: turn it on once, as a user that may create the table", t)
	default:
		return fmt.Errorf("table %s lacks %d columns, the first is %s, and migrate is off: turn it on once, as the table's owner", t, len(missing), missing[0].Name)
	}
}

// usable makes sure that the promise can be kept: a table with transactions,
// and the unique key, which the table of somebody else may lack.
func (t table) usable(ctx context.Context, conn *connection) error {
	var engine string
	if err := conn.QueryRowContext(ctx, "SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?", string(t)).Scan(&engine); err != nil {
		return err
	}
	if engine != "InnoDB" {
		return fmt.Errorf("its engine is %s: ALTER TABLE %s ENGINE=InnoDB", engine, t.quoted())
	}
	var key sql.NullString
	err := conn.QueryRowContext(ctx, `SELECT GROUP_CONCAT(column_name ORDER BY seq_in_index) FROM information_schema.statistics
		WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ? AND non_unique = 0`, string(t), t.key()).Scan(&key)
	if err != nil {
		return err
	}
	if want := columns.Key[0] + "," + columns.Key[1]; key.String != want {
		return fmt.Errorf("it lacks the unique key %s (%s): name another table, or add the key", t.key(), want)
	}
	return nil
}
