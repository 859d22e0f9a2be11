package envelope

// UUIDs: RFC 9562. Random bytes come from the caller, as the edge has no source of its own.

// AppendUUIDv4 appends a random UUID made of 16 random bytes.
func AppendUUIDv4(dst []byte, random [16]byte) []byte {
	random[6] = random[6]&0x0f | 0x40
	random[8] = random[8]&0x3f | 0x80
	return appendUUID(dst, &random)
}

// AppendUUIDv7 appends a UUID that begins with a time in milliseconds since
// the Unix epoch; the rest is made of random bytes.
func AppendUUIDv7(dst []byte, millis int64, random [16]byte) []byte {
	for i := range 6 {
		random[i] = byte(millis >> (40 - 8*i))
	}
	random[6] = random[6]&0x0f | 0x70
	random[8] = random[8]&0x3f | 0x80
	return appendUUID(dst, &random)
}

// IsUUID reports whether s has the canonical form of 36 characters, in either case.
func IsUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if c-'0' > 9 && c|0x20-'a' > 5 {
				return false
			}
		}
	}
	return true
}

func appendUUID(dst []byte, u *[16]byte) []byte {
	const hex = "0123456789abcdef"
	for i, b := range u {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hex[b>>4], hex[b&15])
	}
	return dst
}
