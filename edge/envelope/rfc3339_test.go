package envelope

import (
	"testing"
	"time"
)

func TestParseRFC3339(t *testing.T) {
	for _, s := range []string{
		"2026-11-20T23:03:24Z", "2026-11-20t23:03:24z", "2026-11-20T23:03:24.1Z", "2026-11-20T23:03:24.123456789Z",
		"2026-11-20T23:03:24+01:00", "2026-11-20T23:03:24.5-11:30", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "2024-02-29T00:00:00Z",
	} {
		want, err := time.Parse(time.RFC3339, s)
		if err != nil && s[10] == 'T' {
			t.Fatal(err)
		} else if err != nil {
			want = time.Date(2026, 11, 20, 23, 3, 24, 0, time.UTC)
		}
		if got, ok := ParseRFC3339(s); !ok || got != want.UnixMilli() {
			t.Errorf("%s: %d, %t, want %d", s, got, ok, want.UnixMilli())
		}
	}
	if got, ok := ParseRFC3339("2016-12-31T23:59:60Z"); !ok || got != time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() {
		t.Errorf("a leap second: %d, %t", got, ok)
	}
	for _, s := range []string{
		"", "2026-11-20", "2026-11-20T23:03:24", "2026-11-20 23:03:24Z", "2026-11-20T23:03:24.Z", "2026-11-20T23:03:24+0100", "2026-11-20T23:03:24+24:00",
		"2026-11-20T23:03:24+01:60", "2026-11-20T23:03:24Zx", "2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T23:03:61Z", "2026-11-20T23:03:24x01:00",
		"2026-11-20T23:03:24+0a:00", "20261120T230324Z00000000",
	} {
		if got, ok := ParseRFC3339(s); ok {
			t.Errorf("%q is taken for %d", s, got)
		}
	}
}
