package sqlite

import (
	"fmt"
	"net/url"
)

// applicationID marks the database file as a weir journal: "weir" in ASCII.
const applicationID = 0x77656972

// formatVersion is the version of the tables below, with what follows them.
const formatVersion = 3

// tables are those of format 1: log holds one row for each batch, seen the ids of batches (longer than the
// batches themselves), cur the routes' positions, dead what sinks gave up on,
// quarantine what storage damaged. The numbers in meta are those that the
// tables cannot give cheaply once rows have been pruned.
const tables = `
CREATE TABLE log (
	seq      INTEGER PRIMARY KEY,
	id       BLOB    NOT NULL,
	route    TEXT    NOT NULL,
	received INTEGER NOT NULL,
	events   INTEGER NOT NULL,
	size     INTEGER NOT NULL,
	crc      INTEGER NOT NULL,
	body     BLOB    NOT NULL
);
CREATE TABLE seen (
	id       BLOB PRIMARY KEY,
	seq      INTEGER NOT NULL,
	received INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE cur (
	route         TEXT PRIMARY KEY,
	seq           INTEGER NOT NULL,
	event         INTEGER NOT NULL,
	planned_seq   INTEGER NOT NULL,
	planned_event INTEGER NOT NULL,
	crc           INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE dead (
	id       INTEGER PRIMARY KEY AUTOINCREMENT,
	route    TEXT    NOT NULL,
	sink     TEXT    NOT NULL,
	event_id TEXT    NOT NULL,
	app      TEXT    NOT NULL,
	schema   TEXT    NOT NULL,
	reason   TEXT    NOT NULL,
	tries    INTEGER NOT NULL,
	died     INTEGER NOT NULL,
	retried  INTEGER NOT NULL DEFAULT 0,
	envelope BLOB    NOT NULL
);
CREATE INDEX dead_waiting ON dead (route, id) WHERE retried = 0;
CREATE TABLE quarantine (
	seq      INTEGER PRIMARY KEY,
	id       BLOB    NOT NULL,
	received INTEGER NOT NULL,
	crc      INTEGER NOT NULL,
	body     BLOB    NOT NULL,
	found    INTEGER NOT NULL
);
CREATE TABLE meta (
	key   TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('head', 0), ('pruned', 0);
`

// additions make format 2 of format 1. The envelopes in dead are compressed
// since, and empty once they were retried.
const additions = `
CREATE INDEX log_addressed ON log (route, seq) WHERE route <> '';
`

// accounts make format 3 of format 2: the number in meta is the bytes that dead
// takes, which format 2 miscounted when rows changed or went.
var accounts = `
CREATE INDEX dead_retried ON dead (id) WHERE retried > 0;
DROP TRIGGER IF EXISTS dead_insert;
DROP TRIGGER IF EXISTS dead_update;
DROP TRIGGER IF EXISTS dead_delete;
INSERT OR REPLACE INTO meta SELECT 'dead', coalesce(sum(` + deadSize("dead") + `), 0) FROM dead;
CREATE TRIGGER dead_insert AFTER INSERT ON dead BEGIN
	UPDATE meta SET value = value + ` + deadSize("new") + ` WHERE key = 'dead';
END;
CREATE TRIGGER dead_update AFTER UPDATE OF envelope ON dead BEGIN
	UPDATE meta SET value = value + ` + deadSize("new") + ` - ` + deadSize("old") + ` WHERE key = 'dead';
END;
CREATE TRIGGER dead_delete AFTER DELETE ON dead BEGIN
	UPDATE meta SET value = value - ` + deadSize("old") + ` WHERE key = 'dead';
END;
`

// deadSize is about what a row of dead takes, in bytes: its two long columns,
// and the others with what indexes hold of them.
func deadSize(row string) string {
	return "(length(" + row + ".envelope) + length(" + row + ".reason) + 256)"
}

// pageSize of the database, in bytes. SQLite's default, stated because limits
// are computed from it.
const pageSize = 4096

// maxPages is the hard limit on the file: the soft one, above which nothing is
// appended, and a reserve for positions and dead letters.
func maxPages(limit int64) int64 { return limit/pageSize + reservePages(limit) }

// reservePages holds what a commit may store beyond the soft limit, and the
// dead letters of several writes.
func reservePages(limit int64) int64 { return max(limit/16, 2*groupBytes) / pageSize }

func dsn(path string, pragmas ...string) string {
	q := url.Values{}
	for _, p := range append([]string{"busy_timeout(5000)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return fmt.Sprintf("file:%s?%s", (&url.URL{Path: path}).EscapedPath(), q.Encode())
}
