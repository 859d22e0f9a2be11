package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	driver "github.com/go-sql-driver/mysql"

	"weir/sinks"
)

// Sink writes to one table over one connection.
type Sink struct {
	config  Config
	connect *driver.Config
	table   table
	conn    *connection // nil while closed
	batch   batch
	careful int // batches still to ask first what is stored
}

func newSink(c Config) (*Sink, error) {
	connect, err := c.parse()
	if err != nil {
		return nil, err
	}
	return &Sink{config: c, connect: connect, table: table(c.Table)}, nil
}

// connection is one session with the server.
type connection struct {
	*sql.Conn
	pool   *sql.DB // of this one connection
	packet int     // the server's max_allowed_packet
}

func (s *Sink) dial(ctx context.Context) (*connection, error) {
	config := s.connect.Clone()
	files, err := s.config.TLS.load()
	if err != nil {
		return nil, err
	}
	if files != nil {
		config.TLS = files
	}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return nil, fmt.Errorf("connecting to MySQL: %w", err)
	}
	c := &connection{pool: sql.OpenDB(connector)}
	c.pool.SetMaxOpenConns(1)
	if c.Conn, err = c.pool.Conn(ctx); err != nil {
		return nil, fmt.Errorf("connecting to MySQL: %w", errors.Join(err, c.pool.Close()))
	}
	if err := c.QueryRowContext(ctx, "SELECT @@max_allowed_packet").Scan(&c.packet); err != nil {
		c.hangUp()
		return nil, fmt.Errorf("connecting to MySQL: %w", err)
	}
	return c, nil
}

// hangUp closes a connection, be its server gone. That the farewell did not get
// through is no error.
func (c *connection) hangUp() {
	_ = c.Close()
	_ = c.pool.Close()
}

// Open connects and brings the table up to date.
func (s *Sink) Open(ctx context.Context) error {
	if s.conn != nil {
		return nil
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if s.config.Migrate {
		err = s.table.migrate(ctx, conn)
	} else {
		err = s.table.complete(ctx, conn)
	}
	if err != nil {
		conn.hangUp()
		return fmt.Errorf("opening %s: %w", s.table, err)
	}
	s.conn = conn
	return nil
}

// Write stores the batch in one transaction. When the server refuses an event,
// halving the batch finds it.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.conn == nil {
		return sinks.ErrNotConnected
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("writing to %s: %w", s.table, err)
	}
	s.batch.render(b, s.conn.packet)
	failed, err := s.store(ctx)
	if err != nil {
		return s.failure(err)
	}
	if len(failed) > 0 {
		return &sinks.BatchError{Failed: failed}
	}
	return nil
}

// failure tells a lost connection from other errors. After either, the
// transaction is undone; an error on COMMIT leaves open whether it was, and the
// same batch again is harmless.
func (s *Sink) failure(err error) error {
	if !isDisconnect(err) {
		return fmt.Errorf("writing to %s: %w", s.table, err)
	}
	s.conn.hangUp()
	s.conn = nil
	return fmt.Errorf("%w: writing to %s: %w", sinks.ErrNotConnected, s.table, err)
}

// Migrate creates the table or brings it up to date.
func (s *Sink) Migrate(ctx context.Context) error {
	return s.with(ctx, s.table.migrate)
}

// Check connects and asks the server whether this user may do what the sink
// will. It changes nothing.
func (s *Sink) Check(ctx context.Context) error {
	return s.with(ctx, func(ctx context.Context, conn *connection) error {
		return s.table.check(ctx, conn, s.config.Migrate)
	})
}

// with calls f on a connection of its own.
func (s *Sink) with(ctx context.Context, f func(context.Context, *connection) error) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer conn.hangUp()
	return f(ctx, conn)
}

// Close hangs up.
func (s *Sink) Close(context.Context) error {
	if s.conn != nil {
		s.conn.hangUp()
		s.conn = nil
	}
	return nil
}
