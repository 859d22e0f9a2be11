package format

// isJSONPointer takes the string form of RFC 6901, section 3.
func isJSONPointer(s []byte) bool {
	if len(s) == 0 {
		return true
	}
	if s[0] != '/' {
		return false
	}
	for i, c := range s {
		if c == '~' && (i+1 == len(s) || s[i+1] != '0' && s[i+1] != '1') {
			return false
		}
	}
	return true
}

// isRelativeJSONPointer takes what draft-bhutton-relative-json-pointer-00 wrote
// before it grew index manipulation, as JSON Schema does.
func isRelativeJSONPointer(s []byte) bool {
	n := span(s, digit)
	if n == 0 || n > 1 && s[0] == '0' {
		return false
	}
	s = s[n:]
	return len(s) == 1 && s[0] == '#' || isJSONPointer(s)
}
