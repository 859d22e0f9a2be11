//go:build unix

package pgtest_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"weir/sinks/postgres/pgtest"
)

// TestOutage writes, takes the server away both ways, and finds what was
// written on the same port.
func TestOutage(t *testing.T) {
	db := pgtest.Start(t)
	dsn := db.Database(t)
	exec(t, dsn, "CREATE TABLE n (i int)")
	for i, stop := range []func(testing.TB){db.Stop, db.Kill} {
		exec(t, dsn, "INSERT INTO n VALUES (1)")
		stop(t)
		if c, err := pgx.Connect(context.Background(), dsn); err == nil {
			c.Close(context.Background())
			t.Fatal("a stopped server takes connections")
		}
		db.Restart(t)
		c := connect(t, dsn)
		var n int
		if err := c.QueryRow(context.Background(), "SELECT count(*) FROM n").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != i+1 {
			t.Errorf("%d rows after outage %d", n, i+1)
		}
	}
}

// TestApart holds databases of one server apart, and from those of another.
func TestApart(t *testing.T) {
	a, b := pgtest.Start(t), pgtest.Start(t)
	for _, dsn := range []string{a.Database(t), a.Database(t), b.Database(t)} {
		exec(t, dsn, "CREATE TABLE n (i int)")
	}
}

// TestLeavesNothing looks for the cluster's files and its port after the test
// that started it.
func TestLeavesNothing(t *testing.T) {
	dir := shared(t)
	var dsn string
	t.Run("use", func(t *testing.T) {
		t.Setenv("TMPDIR", dir)
		dsn = pgtest.Start(t).DSN()
	})
	if dsn == "" {
		return // skipped
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if c, err := pgx.Connect(context.Background(), dsn); err == nil {
		c.Close(context.Background())
		t.Error("the server still takes connections")
	}
}

// shared is a temporary directory that other users may pass through.
func shared(t *testing.T) string {
	dir, err := os.MkdirTemp("", "weir-pgtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

func exec(t *testing.T, dsn, sql string) {
	t.Helper()
	if _, err := connect(t, dsn).Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}
