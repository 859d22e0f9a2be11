package postgres

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"weir/sinks"
	"weir/sinks/columns"
)

// Sink writes to one table over one connection.
type Sink struct {
	config   Config
	connect  *pgx.ConnConfig
	table    table
	conn     *pgx.Conn // nil while closed
	row      columns.Row
	lines    []byte // the batch as COPY wants it
	ends     []int  // where each event's line ends
	indexes  []int  // its place in the batch
	failures []sinks.EventError
	staged   int // batches still to go by way of staging
}

// maxMessage bounds a message of the server, in bytes. What it has to say to a
// sink is short.
const maxMessage = 16 << 20

func newSink(c Config) (*Sink, error) {
	connect, err := pgx.ParseConfig(c.DSN.Reveal())
	if err != nil {
		return nil, c.Validate()
	}
	if connect.ConnectTimeout == 0 {
		connect.ConnectTimeout = 10 * time.Second
	}
	if connect.RuntimeParams["application_name"] == "" {
		connect.RuntimeParams["application_name"] = "weir"
	}
	// The client makes room for whatever length a message names: noise would take a gigabyte.
	connect.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(maxMessage)
		return f
	}
	return &Sink{config: c, connect: connect, table: table{
		schema: c.Schema, name: c.Table, dialect: c.Dialect, chunk: c.Chunk, retention: c.Retention,
	}}, nil
}

// Open connects, brings the table up to date and prepares the session.
func (s *Sink) Open(ctx context.Context) error {
	if s.conn != nil && !s.conn.IsClosed() {
		return nil
	}
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, conn); err != nil {
		hangUp(conn)
		return fmt.Errorf("opening %s: %w", s.table, err)
	}
	s.conn = conn
	return nil
}

func (s *Sink) dial(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.connect)
	if err != nil {
		return nil, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	return conn, nil
}

func (s *Sink) prepare(ctx context.Context, conn *pgx.Conn) error {
	if s.config.Migrate {
		if err := s.table.migrate(ctx, conn); err != nil {
			return err
		}
	} else if err := s.table.complete(ctx, conn); err != nil {
		return err
	}
	if s.table.dialect == materialize {
		return nil
	}
	// A database may be set to acknowledge before its log is on disk; this
	// sink's promise is not for it to weaken. Stricter settings stay.
	var commit string
	if err := conn.QueryRow(ctx, "SHOW synchronous_commit").Scan(&commit); err != nil {
		return err
	}
	if commit == "off" {
		if _, err := conn.Exec(ctx, "SET synchronous_commit = on"); err != nil {
			return err
		}
	}
	_, err := conn.Exec(ctx, createStaging)
	return err
}

// Write stores the batch in one transaction. When the server refuses an event,
// halving the batch finds it.
func (s *Sink) Write(ctx context.Context, b sinks.Batch) error {
	if s.conn == nil || s.conn.IsClosed() {
		return sinks.ErrNotConnected
	}
	s.render(b)
	var err error
	if s.table.dialect == materialize {
		err = s.storeParts(ctx)
	} else if err = s.storeAll(ctx); isRefusal(err) {
		err = s.storeHalving(ctx)
	}
	if err != nil {
		return s.failure(err)
	}
	if len(s.failures) > 0 {
		return &sinks.BatchError{Failed: s.failures}
	}
	return nil
}

// render writes every event as a line of COPY's text format. What is not of the
// envelope's format fails here, before the server sees it.
func (s *Sink) render(b sinks.Batch) {
	s.lines, s.ends, s.indexes, s.failures = s.lines[:0], s.ends[:0], s.indexes[:0], nil
	for i := range b.Events {
		if err := s.renderLine(b.Events[i].Envelope); err != nil {
			s.failures = append(s.failures, sinks.EventError{Index: i, Err: err, Permanent: true})
			continue
		}
		s.ends = append(s.ends, len(s.lines))
		s.indexes = append(s.indexes, i)
	}
}

func (s *Sink) renderLine(envelope []byte) error {
	if err := s.row.Read(envelope); err != nil {
		return err
	}
	if s.table.dialect != materialize {
		s.lines = append(appendLine(s.lines, &s.row), '\n')
		return nil
	}
	overflow, err := s.row.Narrow(nil, fitsMaterialize)
	if err != nil {
		return err
	}
	s.lines = append(appendLine(s.lines, &s.row), '\t')
	if len(overflow) == 0 {
		overflow = []byte(`\N`) // its JSON has nothing to escape
	}
	s.lines = append(append(s.lines, overflow...), '\n')
	return nil
}

// span returns the lines of the events from, up to and without to.
func (s *Sink) span(from, to int) []byte {
	start := 0
	if from > 0 {
		start = s.ends[from-1]
	}
	return s.lines[start:s.ends[to-1]]
}

// failure tells a lost connection from other errors. After either, the
// transaction is undone; an error on COMMIT leaves open whether it was, and the
// same batch again is harmless.
func (s *Sink) failure(err error) error {
	if !s.conn.IsClosed() && !isDisconnect(err) {
		return fmt.Errorf("writing to %s: %w", s.table, err)
	}
	hangUp(s.conn)
	s.conn = nil
	return fmt.Errorf("%w: writing to %s: %w", sinks.ErrNotConnected, s.table, err)
}

// Migrate creates the schema and table or brings them up to date.
func (s *Sink) Migrate(ctx context.Context) error {
	return s.with(ctx, s.table.migrate)
}

// Check connects and asks the server whether this user may do what the sink
// will. It changes nothing.
func (s *Sink) Check(ctx context.Context) error {
	return s.with(ctx, func(ctx context.Context, conn *pgx.Conn) error {
		return s.table.check(ctx, conn, s.config.Migrate)
	})
}

// with calls f on a connection of its own.
func (s *Sink) with(ctx context.Context, f func(context.Context, *pgx.Conn) error) error {
	conn, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer hangUp(conn)
	return f(ctx, conn)
}

// Close hangs up.
func (s *Sink) Close(context.Context) error {
	if s.conn != nil {
		hangUp(s.conn)
		s.conn = nil
	}
	return nil
}

// hangUp closes a connection, be its context over or its server gone. That the
// farewell did not get through is no error.
func hangUp(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}
