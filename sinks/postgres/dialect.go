package postgres

import (
	"context"
	"fmt"

	"weir/sinks/columns"
)

// What speaks PostgreSQL's protocol, by name in configuration.
const (
	postgres    = "postgres"
	timescale   = "timescale"
	materialize = "materialize"
)

// columns are those that the table has.
func (t table) columns() []columns.Column {
	if t.dialect == materialize {
		return append(columns.All[:columns.Len:columns.Len], columns.Overflow)
	}
	return columns.All[:]
}

// keyColumns are what is unique. A key of a hypertable has to hold the column
// that it is divided by.
func (t table) keyColumns() string {
	key := "(" + quote(columns.Key[0]) + ", " + quote(columns.Key[1])
	if t.dialect == timescale {
		key += ", collector_tstamp"
	}
	return key + ")"
}

// conflict names the key to ON CONFLICT. Before Timescale 2.8 a hypertable's
// could be named by its columns alone.
func (t table) conflict() string {
	if t.dialect == timescale {
		return t.keyColumns()
	}
	return "ON CONSTRAINT " + quote(t.key())
}

// hypertable turns the empty table into one. Its indexes are the table's own.
func (t table) hypertable() []string {
	if t.dialect != timescale {
		return nil
	}
	name := "'" + t.quoted() + "'" // of letters, digits and underscores
	list := []string{fmt.Sprintf("SELECT create_hypertable(%s, 'collector_tstamp', chunk_time_interval => INTERVAL '%d seconds', create_default_indexes => false)",
		name, int64(t.chunk.Seconds()))}
	if t.retention > 0 {
		list = append(list, fmt.Sprintf("SELECT add_retention_policy(%s, INTERVAL '%d seconds')", name, int64(t.retention.Seconds())))
	}
	return list
}

// isHypertable makes sure that a table which is said to be one is one: a table
// that was created under another dialect has another key.
func (t table) isHypertable(ctx context.Context, q querier) error {
	if t.dialect != timescale {
		return nil
	}
	var is bool
	err := q.QueryRow(ctx, "SELECT EXISTS (SELECT FROM timescaledb_information.hypertables WHERE hypertable_schema = $1 AND hypertable_name = $2)", t.schema, t.name).Scan(&is)
	if err == nil && !is {
		err = fmt.Errorf("table %s is no hypertable: it was created without dialect: timescale; name another table", t)
	}
	return err
}
