// Package sqlite is the sink that stores events in a table of a SQLite file:
// the embedded default, which needs no server.
package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"weir/sinks"
	"weir/sinks/columns"
)

func init() {
	sinks.Register(sinks.Kind{
		Name:   "sqlite",
		Doc:    "Stores events in a table of a SQLite file, typed, each event once.",
		Config: func() any { return &Config{Table: "events"} },
		New: func(config any, env sinks.Env) (sinks.Sink, error) {
			c := *config.(*Config)
			if c.Path == "" {
				c.Path = filepath.Join(env.DataDir, "events.sqlite")
			}
			return &Sink{config: c}, nil
		},
	})
}

// Config is the configuration of the sink.
type Config struct {
	Path  string `yaml:"path" doc:"Database file, created with mode 0600. Empty: events.sqlite in the sink's own folder below the host's data directory."`
	Table string `yaml:"table" doc:"Table of the events; its views and indexes begin with the same name."`
}

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	if c.Path != "" && !filepath.IsAbs(c.Path) {
		errs = append(errs, fmt.Errorf("path: %q is not an absolute path", c.Path))
	}
	if err := columns.CheckName("table", c.Table); err != nil {
		errs = append(errs, err)
	} else if strings.HasPrefix(c.Table, "sqlite_") || c.Table == migrations {
		errs = append(errs, fmt.Errorf("table: the name %q is taken", c.Table))
	}
	return errors.Join(errs...)
}
