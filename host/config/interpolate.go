package config

import "strings"

// interpolate replaces ${NAME} and ${NAME:-default} by the environment's
// values; $${ stands for a literal ${. It works on one scalar after the YAML
// was read, so a value can never become syntax.
func interpolate(text string, env func(string) (string, bool)) (result string, missing []string) {
	var b strings.Builder
	for {
		i := strings.Index(text, "${")
		if i < 0 {
			break
		}
		if i > 0 && text[i-1] == '$' {
			b.WriteString(text[:i-1])
			b.WriteString("${")
			text = text[i+2:]
			continue
		}
		end := strings.IndexByte(text[i:], '}')
		if end < 0 {
			break
		}
		b.WriteString(text[:i])
		name, fallback, optional := strings.Cut(text[i+2:i+end], ":-")
		value, ok := env(name)
		switch {
		case ok && (value != "" || !optional):
			b.WriteString(value)
		case optional:
			b.WriteString(fallback)
		default:
			missing = append(missing, name)
		}
		text = text[i+end+1:]
	}
	b.WriteString(text)
	return b.String(), missing
}
