// Package clickhouse is the sink that stores events in a typed table of
// ClickHouse, through the server's HTTP interface.
package clickhouse

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"weir/sinks"
	"weir/sinks/columns"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "clickhouse",
		Doc:  "Stores events in a typed ClickHouse table, partitioned by month, each event once.",
		Config: func() any {
			return &Config{Database: "default", Table: "events", Migrate: true, Compression: "zstd", Timeout: 30 * time.Second}
		},
		New: func(config any, _ sinks.Env) (sinks.Sink, error) { return newSink(*config.(*Config)) },
	})
}

// Config is the configuration of the sink.
type Config struct {
	URL         string            `yaml:"url" required:"true" doc:"The server's HTTP interface, such as https://clickhouse.example.com:8443 or http://127.0.0.1:8123."`
	User        string            `yaml:"user" doc:"User to log in as. Empty: the server's default user."`
	Password    sinks.Secret      `yaml:"password" doc:"The user's password."`
	TLS         TLS               `yaml:"tls" doc:"Files for TLS."`
	Database    string            `yaml:"database" doc:"Database of the table."`
	Table       string            `yaml:"table" doc:"Table of the events; its views begin with the same name."`
	Migrate     bool              `yaml:"migrate" doc:"Create the database and table and bring them up to date. Turn it off for a user that may only insert, or for a table that you have defined yourself, replicated or distributed."`
	Compression string            `yaml:"compression" enum:"zstd,gzip,none" doc:"How events are compressed on their way."`
	Timeout     time.Duration     `yaml:"timeout" doc:"Longest time for one request, from dialling to the end of the answer."`
	Settings    map[string]string `yaml:"settings" doc:"Further settings of the server for each insert, such as insert_quorum."`
}

// TLS names the files of an encrypted connection.
type TLS struct {
	CA   string `yaml:"ca" doc:"PEM file of the authorities that sign the server's certificate. The system's when not given."`
	Cert string `yaml:"cert" doc:"PEM file with the client's certificate."`
	Key  string `yaml:"key" doc:"PEM file with its private key."`
}

var settingName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	errs := []error{columns.CheckName("database", c.Database), columns.CheckName("table", c.Table)}
	report := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch u, err := url.Parse(c.URL); {
	case c.URL == "":
		report("url: required, for example http://127.0.0.1:8123")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		report("url: not an http or https URL with a host") // unquoted: it may hold a password
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		report("url: move the user and password to user and password, the query to settings")
	case u.Scheme == "http" && c.TLS != (TLS{}):
		report("tls: the url is http: write https")
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		report("tls: cert and key are needed both, or neither")
	}
	if c.Password != "" && c.User == "" {
		report("user: required with password")
	}
	switch c.Compression {
	case "zstd", "gzip", "none":
	default:
		report("compression: %q: use zstd, gzip or none", c.Compression)
	}
	if c.Timeout <= 0 {
		report("timeout: must be positive")
	}
	for name := range c.Settings {
		if !settingName.MatchString(name) {
			report("settings: %q is not the name of a setting", name)
		} else if _, ok := promised[name]; ok || name == tokenSetting || frontSettings[name] {
			report("settings: %s is the sink's to set", name)
		}
	}
	return errors.Join(errs...)
}

// load reads the files.
func (t TLS) load() (*tls.Config, error) {
	c, err := sinks.ClientTLS(t.CA, t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	return c, nil
}
