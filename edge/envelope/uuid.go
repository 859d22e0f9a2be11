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

// AppendUUIDv8 appends a UUID made of 16 bytes that mean something to their
// maker alone, such as those of a hash (section 5.8).
func AppendUUIDv8(dst []byte, custom [16]byte) []byte {
	custom[6] = custom[6]&0x0f | 0x80
	custom[8] = custom[8]&0x3f | 0x80
	return appendUUID(dst, &custom)
}

// IsUUID reports whether s has the canonical form of 36 characters, in either case.
func IsUUID(s string) bool {
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return false
	}
	others := 0
	for i := range len(s) {
		others += int(notHex[s[i]])
	}
	return others == 4
}

// notHex is 1 for bytes that are no hexadecimal digits.
var notHex = func() (t [256]uint8) {
	for i := range t {
		if c := byte(i); c-'0' > 9 && c|0x20-'a' > 5 {
			t[i] = 1
		}
	}
	return t
}()

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
