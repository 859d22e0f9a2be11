package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"weir/sinks/columns"
)

// A decimal has 20 digits before its point and 18 behind it.
const decimalDigits, decimalScale = 38, 18

var dialect = columns.Dialect{
	Types: [...]string{
		columns.Text: "Nullable(String) CODEC(ZSTD(1))", columns.UUID: "UUID", columns.Timestamp: "Nullable(DateTime64(3, 'UTC'))",
		columns.Integer: "Nullable(Int32)", columns.Boolean: "Nullable(Bool)",
		columns.Decimal: fmt.Sprintf("Nullable(Decimal(%d, %d))", decimalDigits, decimalScale), columns.JSON: "Nullable(String) CODEC(ZSTD(3))",
	},
	Quote: quote,
}

// definitions are the columns that differ from their type's own. Those of the
// sorting key cannot be null: app_id and event_name are empty instead.
var definitions = func() map[string]string {
	m := map[string]string{
		"app_id": "LowCardinality(String)", "event_name": "LowCardinality(String)",
		"collector_tstamp": "DateTime64(3, 'UTC')", "event_fingerprint": "String", "weir": "String CODEC(ZSTD(3))",
	}
	for _, name := range strings.Fields(`platform event event_vendor event_format event_version name_tracker v_tracker v_collector v_etl
		geo_country geo_region geo_region_name geo_timezone ip_isp ip_netspeed page_urlscheme page_urlhost refr_urlscheme refr_medium refr_source
		mkt_medium mkt_source mkt_network se_category se_action tr_currency ti_currency base_currency ti_category
		br_name br_family br_version br_type br_renderengine br_lang br_colordepth os_name os_family os_manufacturer os_timezone dvce_type doc_charset`) {
		m[name] = "LowCardinality(Nullable(String))"
	}
	return m
}()

// all is every column that the sink writes; filled are those that are empty
// where others would be null.
var (
	all    = append(columns.All[:columns.Len:columns.Len], columns.Overflow)
	filled = func() (list [columns.Len]bool) {
		for i, c := range columns.All {
			list[i] = c.Name == "app_id" || c.Name == "event_name"
		}
		return list
	}()
)

// definition is a column as CREATE TABLE and ADD COLUMN want it.
func definition(c columns.Column) string {
	if d, ok := definitions[c.Name]; ok {
		return quote(c.Name) + " " + d
	}
	return quote(c.Name) + " " + dialect.Types[c.Type]
}

func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "\\`") + "`" }

// table is the event table.
type table struct{ database, name string }

func (t table) String() string { return t.database + "." + t.name }
func (t table) quoted() string { return quote(t.database) + "." + quote(t.name) }

// beside names a view next to the table.
func (t table) beside(name string) string { return quote(t.database) + "." + quote(t.name+"_"+name) }

// where selects the table in the system tables. Names were checked to be letters, digits and underscores.
func (t table) where(column string) string {
	return " WHERE database = '" + t.database + "' AND " + column + " = '" + t.name + "'"
}

// insert is the statement that lines follow.
func (t table) insert() string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = quote(c.Name)
	}
	return "INSERT INTO " + t.quoted() + " (" + strings.Join(names, ", ") + ") FORMAT TabSeparated"
}

// steps bring an event table from the version that is a step's index to the
// next. A step that was released is never changed. Columns are not their
// affair: see addColumns. There are no transactions, and other processes may be
// at it: every statement passes over what is there.
var steps = []func(t table) []string{
	func(t table) []string {
		list := make([]string, len(all))
		for i, c := range all {
			list[i] = definition(c)
		}
		view := func(name, query string) string { return "CREATE VIEW IF NOT EXISTS " + t.beside(name) + " AS " + query }
		return []string{
			"CREATE DATABASE IF NOT EXISTS " + quote(t.database),
			// What is written again has the same sorting key, and the engine keeps one
			// of each. The window is for blocks written again soon, which then do not
			// become parts at all. Parts are synced before the server answers.
			"CREATE TABLE IF NOT EXISTS " + t.quoted() + " (\n\t" + strings.Join(list, ",\n\t") + "\n) ENGINE = ReplacingMergeTree" +
				"\nPARTITION BY toYYYYMM(collector_tstamp)" +
				"\nORDER BY (app_id, toDate(collector_tstamp), event_name, event_id, event_fingerprint)" +
				"\nSETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1",

			view("feed", `SELECT collector_tstamp, app_id, event_name, JSONExtractString(weir, 'verdict') AS verdict,
				coalesce(user_id, domain_userid, network_userid) AS visitor, page_url, JSONExtractRaw(ifNull(unstruct_event, ''), 'data') AS data, event_id
				FROM `+t.quoted()+` FINAL ORDER BY collector_tstamp DESC`),
			view("entities", `SELECT collector_tstamp, event_id, JSONExtractString(entity, 'schema') AS schema, JSONExtractRaw(entity, 'data') AS data
				FROM `+t.quoted()+` FINAL ARRAY JOIN arrayConcat(JSONExtractArrayRaw(ifNull(contexts, '')), JSONExtractArrayRaw(ifNull(derived_contexts, ''))) AS entity`),
			view("violations", `SELECT collector_tstamp, app_id, event_name, JSONExtractString(violation, 'schema') AS schema, JSONExtractString(violation, 'path') AS path,
				JSONExtractString(violation, 'keyword') AS keyword, JSONExtractString(violation, 'message') AS message, event_id
				FROM `+t.quoted()+` FINAL ARRAY JOIN JSONExtractArrayRaw(weir, 'violations') AS violation`),
		}
	},
}

// mark is how the table's comment begins; its version follows.
const mark = "weir "

// migrate runs the steps that are missing.
func (t table) migrate(ctx context.Context, s *server) error {
	if err := t.runSteps(ctx, s); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if err := t.addColumns(ctx, s); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	return nil
}

func (t table) runSteps(ctx context.Context, s *server) error {
	comment, err := s.ask(ctx, "SELECT comment FROM system.tables"+t.where("name"), nil)
	if err != nil {
		return err
	}
	version := 0
	if v, ok := strings.CutPrefix(comment, mark); ok {
		if version, err = strconv.Atoi(v); err != nil {
			return fmt.Errorf("its comment is %q, which is how weir marks its tables, without a version", comment)
		}
	}
	if version > len(steps) {
		return fmt.Errorf("it has version %d, this program knows up to %d: use a newer weir", version, len(steps))
	}
	if err := t.usable(ctx, s); err != nil {
		return err
	}
	if version < len(steps) {
		for _, step := range steps[version:] {
			for _, statement := range step(t) {
				if _, err := s.ask(ctx, statement, nil); err != nil {
					return err
				}
			}
		}
		_, err = s.ask(ctx, "ALTER TABLE "+t.quoted()+" MODIFY COMMENT '"+mark+strconv.Itoa(len(steps))+"'", nil)
	}
	return err
}

// addColumns adds the columns that the table lacks.
func (t table) addColumns(ctx context.Context, s *server) error {
	missing, err := t.missing(ctx, s)
	if err != nil || len(missing) == 0 {
		return err
	}
	add := make([]string, len(missing))
	for i, c := range missing {
		add[i] = "ADD COLUMN IF NOT EXISTS " + definition(c)
	}
	_, err = s.ask(ctx, "ALTER TABLE "+t.quoted()+" "+strings.Join(add, ", "), nil)
	return err
}

// missing returns the columns that the table does not have; all, if there is no table.
func (t table) missing(ctx context.Context, s *server) (list []columns.Column, err error) {
	answer, err := s.ask(ctx, "SELECT name FROM system.columns"+t.where("table"), nil)
	if err != nil {
		return nil, err
	}
	has := strings.Split(answer, "\n")
	for _, c := range all {
		if !slices.Contains(has, c.Name) {
			list = append(list, c)
		}
	}
	return list, nil
}

// complete makes sure that a table which others migrate is there.
func (t table) complete(ctx context.Context, s *server) error {
	missing, err := t.missing(ctx, s)
	if err != nil {
		return err
	}
	switch len(missing) {
	case 0:
		return nil
	case width:
		return fmt.Errorf("there is no table %s that this user sees, and migrate is off: turn it on once, as a user that may create the table", t)
	default:
		return fmt.Errorf("table %s lacks %d columns, the first is %s, and migrate is off: turn it on once, as a user that may alter it", t, len(missing), missing[0].Name)
	}
}

// usable makes sure that the promise can be kept: by an engine that keeps one
// row of each key, on one server or several, or a table in front of such.
func (t table) usable(ctx context.Context, s *server) error {
	engine, err := s.ask(ctx, "SELECT engine FROM system.tables"+t.where("name"), nil)
	if err != nil || engine == "" { // not for this user to see
		return err
	}
	if !strings.HasSuffix(engine, "ReplacingMergeTree") && engine != "Distributed" {
		return fmt.Errorf("the engine of %s is %s, which keeps what is written twice: name another table, or make it a ReplacingMergeTree", t, engine)
	}
	return nil
}
