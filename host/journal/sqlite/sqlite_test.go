package sqlite

import (
	"testing"

	"weir/host/journal"
	"weir/host/journal/journaltest"
)

func TestConformance(t *testing.T) {
	journaltest.Run(t, func(t *testing.T) journaltest.Open {
		dir := t.TempDir()
		return func(routes ...string) (journal.Journal, error) {
			return Open(dir, Options{Routes: routes})
		}
	})
}
