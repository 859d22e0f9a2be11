package need

import (
	"os"
	"path/filepath"
	"testing"
)

// Data returns a folder of reference data that the repository does not hold
// ("iglu-central", "JSON-Schema-Test-Suite"): below $WEIR_DATA if that is set,
// else in shared/data beside the repository or in the cache.
func Data(t testing.TB, name string) string {
	t.Helper()
	return Part(t, "data:"+name, func() (string, error) {
		const fix = "set WEIR_DATA to the folder that holds it"
		if dir := os.Getenv("WEIR_DATA"); dir != "" {
			return firstThatExists([]string{filepath.Join(dir, name)}, fix)
		}
		places := []string{filepath.Join(Cache(), "data", name)}
		if root, err := Root(); err == nil {
			places = append(places, filepath.Join(root, "..", "shared", "data", name))
		}
		return firstThatExists(places, fix)
	})
}
