package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"weir/sinks/columns"
)

// check reports everything that stands in the sink's way.
func (t table) check(ctx context.Context, conn *pgx.Conn, migrate bool) error {
	if t.dialect == materialize {
		return t.checkMaterialize(ctx, conn, migrate)
	}
	var errs []error
	var standby, temporary, create, schema, use, createIn, exists, insert, read bool
	var extended bool
	var encoding, user, database string
	err := conn.QueryRow(ctx, `SELECT pg_is_in_recovery(), current_setting('server_encoding'), current_user, current_database(),
			has_database_privilege(current_database(), 'TEMPORARY'), has_database_privilege(current_database(), 'CREATE'),
			n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE'), false), coalesce(has_schema_privilege(n.oid, 'CREATE'), false),
			c.oid IS NOT NULL, coalesce(has_table_privilege(c.oid, 'INSERT'), false),
			coalesce((SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT')) FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = ANY($3)), false),
			EXISTS (SELECT FROM pg_proc WHERE proname = 'create_hypertable')
		FROM (SELECT) AS one LEFT JOIN pg_namespace AS n ON n.nspname = $1 LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = $2`,
		t.schema, t.name, columns.Key[:]).Scan(&standby, &encoding, &user, &database, &temporary, &create, &schema, &use, &createIn, &exists, &insert, &read, &extended)
	if err != nil {
		return fmt.Errorf("checking %s: %w", t, err)
	}
	need := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("checking %s: "+format, append([]any{t}, args...)...))
		}
	}
	need(!standby, "the server is a read-only standby: connect to the primary, or add target_session_attrs=read-write")
	need(encoding == "UTF8", "the database's encoding is %s: it must be UTF8", encoding)
	need(temporary, "GRANT TEMPORARY ON DATABASE %s TO %s", quote(database), quote(user))
	if schema {
		need(use, "GRANT USAGE ON SCHEMA %s TO %s", quote(t.schema), quote(user))
	}
	switch {
	case t.dialect == timescale && !extended:
		need(false, "the database has no Timescale: CREATE EXTENSION timescaledb, or leave dialect out")
	case exists:
		need(insert, "GRANT INSERT ON %s TO %s", t.quoted(), quote(user))
		need(read, "GRANT SELECT (%s, %s) ON %s TO %s", columns.Key[0], columns.Key[1], t.quoted(), quote(user))
		if !migrate {
			errs = append(errs, t.complete(ctx, conn))
		}
	case !migrate:
		errs = append(errs, t.complete(ctx, conn))
	case schema:
		need(createIn, "GRANT CREATE ON SCHEMA %s TO %s", quote(t.schema), quote(user))
	default:
		need(create, "GRANT CREATE ON DATABASE %s TO %s, or create the schema for it", quote(database), quote(user))
	}
	return errors.Join(errs...)
}
