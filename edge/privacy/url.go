package privacy

import (
	"strings"

	"weir/edge/envelope"
)

// scrubParameters cuts the parameters of those names out of the query string
// and the fragment of a URL, or of a text that is a query string.
func (a *Action) scrubParameters(dst []byte, url string) []byte {
	i := envelope.IndexAny(url, "?#")
	if i < 0 {
		return append(dst, url...)
	}
	dst = append(dst, url[:i]...)
	for i < len(url) {
		mark := url[i]
		part := url[i+1:]
		i = len(url)
		if mark == '?' {
			if k := strings.IndexByte(part, '#'); k >= 0 {
				i -= len(part) - k
				part = part[:k]
			}
		}
		n := len(dst)
		dst = append(dst, mark)
		for rest, more := part, part != ""; more; {
			var pair string
			pair, rest, more = strings.Cut(rest, "&")
			name, _, _ := strings.Cut(pair, "=")
			if a.names(name) {
				continue
			}
			if len(dst) > n+1 {
				dst = append(dst, '&')
			}
			dst = append(dst, pair...)
		}
		if len(dst) == n+1 && part != "" {
			dst = dst[:n] // nothing is left of it
		}
	}
	return dst
}

// names reports whether the name of a parameter, as encoded, is one to cut out,
// in any case of letters. A path in front of it ("#/reset?token") is passed over.
func (a *Action) names(encoded string) bool {
	if i := strings.LastIndexByte(encoded, '?'); i >= 0 {
		encoded = encoded[i+1:]
	}
	a.scratch = appendDecoded(a.scratch[:0], encoded)
	for _, name := range a.parameters {
		if Matches(name, envelope.View(a.scratch)) {
			return true
		}
	}
	return false
}

// appendDecoded appends a name without its escapes, in lower case.
func appendDecoded(dst []byte, encoded string) []byte {
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		if c == '%' && i+2 < len(encoded) {
			if high, low := hexValue(encoded[i+1]), hexValue(encoded[i+2]); high >= 0 && low >= 0 {
				c = byte(high<<4 | low)
				i += 2
			}
		}
		if c-'A' < 26 {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

// appendOrigin reduces a URL to scheme, host and port.
func appendOrigin(dst []byte, url string) ([]byte, bool) {
	i := strings.Index(url, "://")
	if i <= 0 {
		return dst, false
	}
	host := url[i+len("://"):]
	if end := envelope.IndexAny(host, "/?#\\"); end >= 0 {
		host = host[:end]
	}
	host = host[strings.LastIndexByte(host, '@')+1:] // without user and password
	if host == "" {
		return dst, false
	}
	return append(append(append(dst, url[:i]...), "://"...), host...), true
}

// families are the products that a user agent may name, in order of preference:
// the more special ones name the more general as well.
var families = [...]struct{ token, name string }{
	{"Edg/", "Edge"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"YaBrowser/", "Yandex"},
	{"Vivaldi/", "Vivaldi"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"HeadlessChrome/", "Headless Chrome"},
	{"Chrome/", "Chrome"},
}

// appendFamily reduces a user agent to its browser's name and major version, or
// to the first product it names.
func appendFamily(dst []byte, agent string) []byte {
	for _, f := range families {
		if i := strings.Index(agent, f.token); i >= 0 {
			return appendMajor(append(dst, f.name...), agent[i+len(f.token):])
		}
	}
	if strings.Contains(agent, "Safari/") {
		dst = append(dst, "Safari"...)
		if i := strings.Index(agent, "Version/"); i >= 0 {
			dst = appendMajor(dst, agent[i+len("Version/"):])
		}
		return dst
	}
	product, _, _ := strings.Cut(agent, " ")
	name, version, ok := strings.Cut(product, "/")
	n := 0
	for n < len(name) && n < 32 && (name[n]|0x20-'a' < 26 || name[n]-'0' <= 9 || name[n] == '-' || name[n] == '_' || name[n] == '.') {
		n++
	}
	if dst = append(dst, name[:n]...); ok {
		dst = appendMajor(dst, version)
	}
	return dst
}

func appendMajor(dst []byte, version string) []byte {
	n := 0
	for n < len(version) && n < 5 && version[n]-'0' <= 9 {
		n++
	}
	if n == 0 {
		return dst
	}
	return append(append(dst, ' '), version[:n]...)
}
