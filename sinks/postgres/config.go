// Package postgres is the sink that stores events in a typed table of
// PostgreSQL.
package postgres

import (
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"weir/sinks"
	"weir/sinks/columns"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "postgres",
		Doc:  "Stores events in a typed PostgreSQL table with jsonb, each event once.",
		Config: func() any {
			return &Config{Dialect: postgres, Schema: "atomic", Table: "events", Migrate: true, Chunk: 7 * 24 * time.Hour}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) {
			return newSink(*config.(*Config))
		},
	})
}

// Config is the configuration of the sink.
type Config struct {
	DSN       sinks.Secret  `yaml:"dsn" required:"true" doc:"Connection string, postgres://user:password@host:5432/database, or key=value pairs. Several hosts and target_session_attrs are understood."`
	Dialect   string        `yaml:"dialect" enum:"postgres,timescale,materialize" doc:"What answers: postgres; timescale, where the table becomes a hypertable; materialize, which has no unique keys, so that an event written again is stored again."`
	Schema    string        `yaml:"schema" doc:"Schema of the table."`
	Table     string        `yaml:"table" doc:"Table of the events; its views and indexes begin with the same name."`
	Migrate   bool          `yaml:"migrate" doc:"Create the schema and table and bring them up to date. Turn it off for a user that may only insert, once another has created the table."`
	Chunk     time.Duration `yaml:"chunk" doc:"With timescale: the span of collector_tstamp that a chunk of a table holds, from its creation on."`
	Retention time.Duration `yaml:"retention" doc:"With timescale: how long events are kept. A policy of the table, from its creation on, drops older chunks. 0: for ever."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	errs := []error{columns.CheckName("schema", c.Schema), columns.CheckName("table", c.Table)}
	if c.DSN == "" {
		errs = append(errs, errors.New("dsn: required, for example postgres://weir@localhost:5432/weir"))
	} else if _, err := pgx.ParseConfig(c.DSN.Reveal()); err != nil {
		// pgx quotes the string, if without its password.
		errs = append(errs, errors.New("dsn: not a connection string: write postgres://user:password@host:5432/database"))
	}
	switch c.Dialect {
	case postgres, timescale, materialize:
	default:
		errs = append(errs, fmt.Errorf("dialect: %q: use postgres, timescale or materialize", c.Dialect))
	}
	if c.Dialect == timescale && c.Chunk < time.Minute {
		errs = append(errs, errors.New("chunk: must be a minute or more"))
	}
	if c.Retention < 0 || c.Retention > 0 && c.Dialect != timescale {
		errs = append(errs, errors.New("retention: needs dialect: timescale, and to be positive"))
	}
	if c.Table == migrations {
		errs = append(errs, fmt.Errorf("table: the name %q is taken", c.Table))
	}
	return errors.Join(errs...)
}
