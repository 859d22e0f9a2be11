package sinks

import "log/slog"

// Secret is a configuration value that must not be shown: a password, a key, a
// connection string that holds one. Printed, logged or marshalled it is "***".
type Secret string

const hidden = "***"

// Reveal returns the value, for the client library that needs it.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the value from JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes the value as it stands.
func (s *Secret) UnmarshalText(text []byte) error { *s = Secret(text); return nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
