package columns

import (
	"fmt"
	"regexp"
)

var validName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,47}$`)

// CheckName reports whether a table or schema from configuration can be named
// so. The rule is narrower than any database's, names are still quoted, and
// there is room below 63 bytes for what a sink appends to name indexes and views.
func CheckName(key, name string) error {
	if !validName.MatchString(name) {
		return fmt.Errorf("%s: %q: use up to 48 lower-case letters, digits and underscores, not beginning with a digit", key, name)
	}
	return nil
}
