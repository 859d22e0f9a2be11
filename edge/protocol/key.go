package protocol

import (
	"math"
	"strings"
)

// Key is a schema key taken apart: iglu:vendor/name/format/version.
type Key struct{ Vendor, Name, Format, Version string }

// ParseKey takes a schema key apart if it obeys Iglu's grammar.
func ParseKey(s string) (k Key, ok bool) {
	rest, ok := strings.CutPrefix(s, "iglu:")
	if !ok {
		return k, false
	}
	if k.Vendor, rest, ok = cutPart(rest, nameByte|dotByte); !ok {
		return k, false
	}
	if k.Name, rest, ok = cutPart(rest, nameByte); !ok {
		return k, false
	}
	k.Format, k.Version, ok = cutPart(rest, nameByte)
	return k, ok && isSchemaVer(k.Version)
}

// cutPart cuts s at its first slash, before which only the allowed bytes may stand, one at least.
func cutPart(s string, allowed uint8) (part, rest string, ok bool) {
	i := 0
	for i < len(s) && keyBytes[s[i]]&allowed != 0 {
		i++
	}
	if i == 0 || i == len(s) || s[i] != '/' {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}

const nameByte, dotByte = 1, 2

// keyBytes tells what the parts of a schema key are made of.
var keyBytes = func() (t [256]uint8) {
	for i := range t {
		switch c := byte(i); {
		case c|0x20-'a' < 26, c-'0' < 10, c == '-', c == '_':
			t[i] = nameByte
		case c == '.':
			t[i] = dotByte
		}
	}
	return t
}()

// isSchemaVer reports whether s is MODEL-REVISION-ADDITION: int32 each, no leading zeros, MODEL above 0.
func isSchemaVer(s string) bool {
	model, rest, ok := strings.Cut(s, "-")
	revision, addition, ok2 := strings.Cut(rest, "-")
	return ok && ok2 && model != "0" && isVersionPart(model) && isVersionPart(revision) && isVersionPart(addition)
}

func isVersionPart(s string) bool {
	n := int64(0)
	for i := range len(s) {
		if n = n*10 + int64(s[i]-'0'); s[i]-'0' > 9 || n > math.MaxInt32 {
			return false
		}
	}
	return s == "0" || s != "" && s[0] != '0'
}
