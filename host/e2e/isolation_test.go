package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"weir/edge/toolchain/need"
	"weir/sinks/postgres/pgtest"
)

// TestDeadSinkCostsNobodyElse stops the database and keeps sending: the other
// sink goes on as if nothing were wrong, SIGTERM ends the host in good time with
// everything still owed in its journal, and the next start delivers it.
func TestDeadSinkCostsNobodyElse(t *testing.T) {
	files := t.TempDir()
	postgres := pgtest.Start(t)
	wazero := edges[1]
	s := start(t, wazero, newDatabase(t, postgres), moreSink{"files", fmt.Sprintf("file: {dir: %q}", files)})
	l := startLoad(t, s.edgeURL, "isolated", trackers)
	l.reaches(t, 300)
	postgres.Stop(t)
	l.reaches(t, l.accepted.Load()+1500)
	l.finish()
	l.account(t, folder(files))
	s.host.stop(t)
	postgres.Restart(t)
	s.startHost()
	l.account(t, s.db)
	s.host.stop(t)
	need.Ran(t, "dead sink beside a live one", wazero.name)
}

// folder is a file sink's folder of newline-delimited JSON, not yet rotated.
type folder string

func (f folder) eventIDs(app string) (map[string]int, error) {
	text, err := os.ReadFile(filepath.Join(string(f), "events.ndjson"))
	if err != nil {
		return nil, err
	}
	ids := map[string]int{}
	return ids, countLines(ids, app, text)
}

// countLines counts the events of an app in lines of envelopes.
func countLines(ids map[string]int, app string, text []byte) error {
	for line := range bytes.Lines(text) {
		var e struct {
			App string `json:"app_id"`
			ID  string `json:"event_id"`
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("reading a line of events: %w", err)
		}
		if e.App == app {
			ids[e.ID]++
		}
	}
	return nil
}

// objectsAmong returns the lines of a text that are objects.
func objectsAmong(text []byte) (objects []byte) {
	for line := range bytes.Lines(text) {
		if line[0] == '{' {
			objects = append(objects, line...)
		}
	}
	return objects
}
