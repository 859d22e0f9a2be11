package mysql

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	driver "github.com/go-sql-driver/mysql"
)

// Error numbers of MySQL and MariaDB.
const (
	duplicate           = 1062
	rowTooLarge         = 1118
	dataTruncated       = 1265
	readOnlyServer      = 1290
	wrongValue          = 1366
	noPartition         = 1526
	readOnlyTransaction = 1792
	readOnlyMode        = 1836
	connectionKilled    = 1927 // MariaDB
	checkViolated       = 3819 // MySQL; MariaDB's 4025 is of class 23
	idleTooLong         = 4031 // MySQL
)

// isRefusal reports whether the server refused what an event holds: SQLSTATE
// classes 22 data exception, 23 integrity constraint violation, 45 exceptions of
// triggers, and errors of the kind that have a class of no meaning. An event
// that is stored already is no refusal.
func isRefusal(err error, key string) bool {
	var e *driver.MySQLError
	if !errors.As(err, &e) || isRepetition(err, key) {
		return false
	}
	switch e.Number {
	case rowTooLarge, dataTruncated, noPartition, wrongValue, checkViolated:
		return true
	}
	switch string(e.SQLState[:2]) {
	case "22", "23", "45":
		return true
	}
	return false
}

// isRepetition reports whether a row met the unique key of events.
func isRepetition(err error, key string) bool {
	var e *driver.MySQLError
	if !errors.As(err, &e) || e.Number != duplicate {
		return false
	}
	name := culprit(e)
	return name[strings.LastIndexByte(name, '.')+1:] == key // MySQL puts the table in front
}

// named finds the column, key or constraint at the end of a message. What is
// before may quote values.
var named = regexp.MustCompile("(?:(?:column|key|(?i:constraint)) ['`]|column [`\\w]+\\.[`\\w]+\\.`)([A-Za-z0-9_.]+)['`](?: at row \\d+| is violated\\.| failed for [`\\w.]+)?$")

func culprit(e *driver.MySQLError) string {
	if m := named.FindStringSubmatch(e.Message); m != nil {
		return m[1]
	}
	return ""
}

// refusal says why the server refused an event, without the server's message,
// which may quote the event's values.
func refusal(err error) error {
	var e *driver.MySQLError
	if !errors.As(err, &e) {
		return err
	}
	text := fmt.Sprintf("the server refused the event: error %d, SQLSTATE %s", e.Number, e.SQLState[:])
	if name := culprit(e); name != "" {
		text += ", at " + name
	}
	return errors.New(text)
}

// isDisconnect reports whether another connection is needed: anything but the
// server's own errors, those of class 08, and those by which it takes its leave
// or that only another server can answer otherwise.
func isDisconnect(err error) bool {
	var e *driver.MySQLError
	if !errors.As(err, &e) {
		return true
	}
	switch e.Number {
	case readOnlyServer, readOnlyTransaction, readOnlyMode, connectionKilled, idleTooLong:
		return true
	}
	return string(e.SQLState[:2]) == "08"
}
