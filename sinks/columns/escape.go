package columns

// AppendEscaped appends text as it stands in a tab-separated line of PostgreSQL's
// COPY or ClickHouse's TabSeparated: tabs, ends of lines and backslashes by a
// backslash and a letter.
func AppendEscaped(dst []byte, text string) []byte {
	from := 0
	for i := 0; i < len(text); i++ {
		var c byte
		switch text[i] {
		case '\\':
			c = '\\'
		case '\t':
			c = 't'
		case '\n':
			c = 'n'
		case '\r':
			c = 'r'
		default:
			continue
		}
		dst = append(append(dst, text[from:i]...), '\\', c)
		from = i + 1
	}
	return append(dst, text[from:]...)
}
