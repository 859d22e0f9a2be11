// Package file is the sink that appends events to files, one a line, rotated by
// size and age, compressed once they are complete.
package file

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"time"

	"weir/sinks"
	"weir/sinks/format"
)

func init() {
	sinks.Register(sinks.Kind{
		Name: "file",
		Doc:  "Appends events to files, one a line, rotated and compressed.",
		Config: func() any {
			return &Config{Name: "events", Format: "envelope", RotateSize: 128 << 20, RotateAfter: 24 * time.Hour, Gzip: true}
		},
		New: func(config any, env sinks.Env) (sinks.Sink, error) {
			c := *config.(*Config)
			if c.Dir == "" {
				c.Dir = env.DataDir
			}
			f, err := format.New(c.Format)
			if err != nil {
				return nil, err
			}
			s := &Sink{config: c, format: f, suffix: plain, log: env.Log, now: time.Now}
			if c.Format == "tsv" {
				s.suffix = tabbed
			}
			return s, nil
		},
	})
}

// Config is the configuration of the sink.
type Config struct {
	Dir         string        `yaml:"dir" doc:"Folder of the files, created with mode 0700. Empty: the sink's own folder below the host's data directory."`
	Name        string        `yaml:"name" doc:"Beginning of the files' names: events.ndjson, events-00000001.ndjson.gz."`
	Format      string        `yaml:"format" enum:"envelope,flat,analytics,tsv" doc:"How an event is spelled: its envelope, a flat object of columns, Snowplow analytics JSON, or Snowplow's enriched TSV. TSV stands in files that end in .tsv."`
	RotateSize  sinks.Size    `yaml:"rotate_size" doc:"Start another file when this one would grow beyond this size. 0: no limit."`
	RotateAfter time.Duration `yaml:"rotate_after" doc:"Start another file when the first event of this one is older than this. 0: no limit."`
	Gzip        bool          `yaml:"gzip" doc:"Compress files that are complete."`
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$`)

// Validate reports every fault of the configuration.
func (c *Config) Validate() error {
	var errs []error
	if c.Dir != "" && !filepath.IsAbs(c.Dir) {
		errs = append(errs, fmt.Errorf("dir: %q is not an absolute path", c.Dir))
	}
	if !validName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("name: %q: use up to 100 letters, digits, dots, dashes and underscores", c.Name))
	}
	if _, err := format.New(c.Format); err != nil {
		errs = append(errs, err)
	}
	if c.RotateSize < 0 {
		errs = append(errs, errors.New("rotate_size: must not be negative"))
	}
	if c.RotateAfter < 0 {
		errs = append(errs, errors.New("rotate_after: must not be negative"))
	}
	return errors.Join(errs...)
}
