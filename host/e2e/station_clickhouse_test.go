//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"weir/host/e2e/fault"
	"weir/sinks/clickhouse/clickhousetest"
)

func init() { moreStations = append(moreStations, clickhouseStation) }

func clickhouseStation(t *testing.T) station {
	server := clickhousetest.Start(t)
	name := server.Database(t)
	proxy := fault.Start(t, strings.TrimPrefix(server.URL(), "http://"))
	return station{name: "clickhouse", settings: fmt.Sprintf("clickhouse: {url: %q, database: %s, timeout: 2s}", "http://"+proxy.Address(), name),
		set: proxy.Set, at: mergeTree{server.URL(), name}, unique: true}
}

// mergeTree is the sink's table.
type mergeTree struct{ server, database string }

func (m mergeTree) eventIDs(app string) (map[string]int, error) {
	query := fmt.Sprintf("SELECT toString(event_id) FROM %s.events FINAL WHERE app_id = '%s' FORMAT TabSeparated", m.database, app)
	response, err := http.Post(m.server, "text/plain", strings.NewReader(query))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("reading ClickHouse: %s, %v: %.200s", response.Status, err, text)
	}
	ids := map[string]int{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		ids[lines.Text()]++
	}
	return ids, nil
}
