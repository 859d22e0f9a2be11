// Package mysql is the sink that stores events in a typed table of MySQL or
// MariaDB.
package mysql

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"weir/sinks"
	"weir/sinks/columns"
)

func init() {
	sinks.Register(sinks.Kind{
		Name:   "mysql",
		Doc:    "Stores events in a typed table of MySQL or MariaDB, each event once.",
		Config: func() any { return &Config{Table: "events", Migrate: true} },
		New: func(config any, _ sinks.Env) (sinks.Sink, error) {
			return newSink(*config.(*Config))
		},
	})
}

// Config is the configuration of the sink.
type Config struct {
	DSN     sinks.Secret `yaml:"dsn" required:"true" doc:"Connection string as the Go driver has it: user:password@tcp(host:3306)/database, or user@unix(/path/to/socket)/database. Append ?tls=true for TLS with the system's authorities."`
	TLS     TLS          `yaml:"tls" doc:"Files for TLS. With any of them the connection is encrypted and the server's certificate verified."`
	Table   string       `yaml:"table" doc:"Table of the events; its views and indexes begin with the same name."`
	Migrate bool         `yaml:"migrate" doc:"Create the table and bring it up to date. Turn it off for a user that may only insert, once another has created the table."`
}

// TLS names the files of an encrypted connection.
type TLS struct {
	CA   string `yaml:"ca" doc:"PEM file of the authorities that sign the server's certificate. The system's when not given."`
	Cert string `yaml:"cert" doc:"PEM file with the client's certificate."`
	Key  string `yaml:"key" doc:"PEM file with its private key."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	errs := []error{columns.CheckName("table", c.Table)}
	if c.DSN == "" {
		errs = append(errs, errors.New("dsn: required, for example weir:password@tcp(localhost:3306)/weir"))
	} else if connect, err := driver.ParseDSN(c.DSN.Reveal()); err != nil {
		// The driver may quote the string.
		errs = append(errs, errors.New("dsn: not a connection string: write user:password@tcp(host:3306)/database"))
	} else if connect.DBName == "" {
		errs = append(errs, errors.New("dsn: the database is missing: append /database"))
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls: cert and key are needed both, or neither"))
	}
	if c.Table == migrations {
		errs = append(errs, fmt.Errorf("table: the name %q is taken", c.Table))
	}
	return errors.Join(errs...)
}

// session is what the sink's promise rests upon, whatever the server's
// defaults or the connection string say: errors rather than values cut short,
// UTC, keys that are looked at, nothing committed before its time.
var session = map[string]string{
	"sql_mode":      "'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,NO_ENGINE_SUBSTITUTION'",
	"time_zone":     "'+00:00'",
	"unique_checks": "1",
	"autocommit":    "1",
}

// parse reads the connection string and overrules what must be.
func (c *Config) parse() (*driver.Config, error) {
	connect, err := driver.ParseDSN(c.DSN.Reveal())
	if err != nil {
		return nil, c.Validate()
	}
	if connect.Timeout == 0 {
		connect.Timeout = 10 * time.Second
	}
	connect.InterpolateParams = true // one round trip a statement, and no bound of 65,535 parameters
	connect.MaxAllowedPacket = 0     // ask the server
	connect.Logger = &driver.NopLogger{}
	connect.MultiStatements, connect.AllowAllFiles, connect.ClientFoundRows, connect.ParseTime = false, false, false, false
	connect.Loc, connect.Collation = time.UTC, "utf8mb4_bin"
	if err := connect.Apply(driver.Charset("utf8mb4", "utf8mb4_bin")); err != nil {
		return nil, err
	}
	for name := range connect.Params {
		if _, ok := session[strings.ToLower(strings.TrimSpace(name))]; ok {
			delete(connect.Params, name)
		}
	}
	if connect.Params == nil {
		connect.Params = map[string]string{}
	}
	for name, value := range session {
		connect.Params[name] = value
	}
	return connect, nil
}

// load reads the files, or returns nil when none is named.
func (t TLS) load() (*tls.Config, error) {
	if t == (TLS{}) {
		return nil, nil
	}
	c, err := sinks.ClientTLS(t.CA, t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return c, nil
}
