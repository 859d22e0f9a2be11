package clickhouse

import (
	"context"
	"errors"
	"fmt"

	"weir/sinks"
	"weir/sinks/columns"
)

// Sink writes to one table. It is stateless between requests.
type Sink struct {
	config Config
	table  table
	server *server // nil while closed
	batch  batch
}

func newSink(c Config) (*Sink, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Sink{config: c, table: table{c.Database, c.Table}}, nil
}

// Open reaches the server and brings the table up to date.
func (s *Sink) Open(ctx context.Context) error {
	if s.server != nil {
		return nil
	}
	server, err := dial(s.config)
	if err != nil {
		return err
	}
	if s.config.Migrate {
		err = s.table.migrate(ctx, server)
	} else {
		err = s.table.complete(ctx, server)
	}
	if err != nil {
		server.close()
		return fmt.Errorf("opening %s: %w", s.table, err)
	}
	s.server = server
	return nil
}

// Limits keep a batch within one block, which the server stores whole or not at all.
func (s *Sink) Limits() sinks.Limits { return sinks.Limits{Events: 100_000, Bytes: 64 << 20} }

// Write stores the batch with one INSERT. When the server refuses an event,
// halving the batch finds it.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.server == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("writing to %s: %w", s.table, err)
	}
	failed, err := s.store(ctx, b)
	if err != nil {
		return fmt.Errorf("writing to %s: %w", s.table, err)
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// store inserts every event that the server takes. There are no transactions:
// what an error leaves stored is stored, and met again it is the same rows.
func (s *Sink) store(ctx context.Context, b sinks.Batch) ([]sinks.EventError, error) {
	failed := s.batch.render(b)
	type part struct{ from, to int }
	var todo []part
	if n := len(s.batch.rows); n > 0 {
		todo = append(todo, part{0, n})
	}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		lines, token := s.batch.part(p.from, p.to)
		err := s.server.insert(ctx, s.table, lines, token)
		switch {
		case err == nil:
		case !isRefusal(err):
			return nil, err
		case p.to-p.from == 1:
			failed = append(failed, sinks.EventError{Index: s.batch.rows[p.from].index, Err: fmt.Errorf("ClickHouse refused the event: %w", err), Permanent: true})
		default:
			middle := (p.from + p.to) / 2
			todo = append(todo, part{middle, p.to}, part{p.from, middle})
		}
	}
	return failed, nil
}

// Migrate creates the database and table or brings them up to date.
func (s *Sink) Migrate(ctx context.Context) error {
	return s.with(func(server *server) error { return s.table.migrate(ctx, server) })
}

// Check asks the server whether this user may do what the sink will. It changes nothing.
func (s *Sink) Check(ctx context.Context) error {
	return s.with(func(server *server) error { return s.check(ctx, server) })
}

func (s *Sink) check(ctx context.Context, server *server) error {
	wrap := func(err error) error {
		if err != nil {
			err = fmt.Errorf("checking %s: %w", s.table, err)
		}
		return err
	}
	// With the settings of an insert: a profile may forbid to change them.
	readonly, err := server.ask(ctx, "SELECT getSetting('readonly')", server.settings)
	if err != nil {
		return wrap(err)
	}
	if readonly != "0" {
		return wrap(errors.New("the user is read-only: give it a profile without readonly"))
	}
	missing, err := s.table.missing(ctx, server)
	if err != nil {
		return wrap(err)
	}
	var privileges []string
	switch {
	case len(missing) < width:
		privileges = []string{"INSERT"}
		if s.config.Migrate && len(missing) > 0 {
			privileges = append(privileges, "ALTER ADD COLUMN")
		}
	case s.config.Migrate:
		privileges = []string{"CREATE TABLE", "CREATE VIEW", "INSERT"}
	}
	var errs []error
	for _, p := range privileges {
		granted, err := server.ask(ctx, "CHECK GRANT "+p+" ON "+s.table.quoted(), nil)
		var e *exception
		if errors.As(err, &e) && e.code == syntaxError {
			break // a server that cannot say
		}
		if err == nil && granted == "0" {
			err = fmt.Errorf("GRANT %s ON %s.* TO the user", p, quote(s.table.database))
		}
		errs = append(errs, wrap(err))
	}
	if !s.config.Migrate || len(missing) < width {
		errs = append(errs, wrap(s.table.usable(ctx, server)))
	}
	if !s.config.Migrate {
		errs = append(errs, wrap(s.table.complete(ctx, server)))
	}
	return errors.Join(errs...)
}

// with calls f with a server of its own.
func (s *Sink) with(f func(*server) error) error {
	server, err := dial(s.config)
	if err != nil {
		return err
	}
	defer server.close()
	return f(server)
}

// Close lets go of the connection.
func (s *Sink) Close(context.Context) error {
	if s.server != nil {
		s.server.close()
		s.server = nil
	}
	return nil
}

// width is the number of columns: those of the envelope and the overflow.
const width = columns.Len + 1
