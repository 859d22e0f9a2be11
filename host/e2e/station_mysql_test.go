//go:build unix

package e2e

import (
	"database/sql"
	"fmt"
	"testing"

	"github.com/go-sql-driver/mysql"

	"weir/host/e2e/fault"
	"weir/sinks/mysql/mysqltest"
)

func init() { moreStations = append(moreStations, mysqlStation) }

func mysqlStation(t *testing.T) station {
	dsn := mysqltest.Start(t).Database(t)
	c, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	proxy := fault.Start(t, c.Addr)
	through := c.Clone()
	through.Addr = proxy.Address()
	return station{name: "mysql", settings: fmt.Sprintf("mysql: {dsn: %q}", through.FormatDSN()), set: proxy.Set, at: mariaDB(dsn), unique: true}
}

// mariaDB is the connection string of a database with the sink's table.
type mariaDB string

func (dsn mariaDB) eventIDs(app string) (map[string]int, error) {
	db, err := sql.Open("mysql", string(dsn))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	rows, err := db.Query(`SELECT event_id FROM events WHERE app_id = ?`, app)
	if err != nil {
		return nil, fmt.Errorf("reading the database: %w", err)
	}
	defer rows.Close()
	ids := map[string]int{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids[id]++
	}
	return ids, rows.Err()
}
