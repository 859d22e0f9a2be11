package collector

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
)

// setCookies sets the cookies anew with every answer, so that they live as
// long as the visitor keeps coming. One without cookies loses what was there.
func (c *Collector) setCookies(id identity, now int64) { c.setCookiesAt(c.cookieDomain(), id, now) }

func (c *Collector) setCookiesAt(domain string, id identity, now int64) {
	s := &c.settings.Cookie
	if !s.Enabled {
		return
	}
	if !id.cookieless() || id.cookie {
		c.setCookie(s.Name, domain, id, s.HTTPOnly, now)
	}
	if s.ClientName != "" && (!id.cookieless() || id.clientCookie) {
		c.setCookie(s.ClientName, domain, id, false, now)
	}
}

func (c *Collector) setCookie(name, domain string, id identity, httpOnly bool, now int64) {
	s := &c.settings.Cookie
	value, maxAge, expires := id.id, s.MaxAge, now+int64(s.MaxAge)*1000
	if id.cookieless() {
		value, maxAge, expires = "", 0, 0
	}
	b := c.arena.Bytes(184 + len(name) + len(value) + len(domain))
	b = append(append(append(b, name...), '='), value...)
	b = append(b, "; Path=/"...)
	if domain != "" {
		b = append(append(b, "; Domain="...), domain...)
	}
	b = appendHTTPDate(append(b, "; Expires="...), expires)
	b = strconv.AppendInt(append(b, "; Max-Age="...), int64(maxAge), 10)
	if s.Secure {
		b = append(b, "; Secure"...)
	}
	if httpOnly {
		b = append(b, "; HttpOnly"...)
	}
	b = append(append(b, "; SameSite="...), s.SameSite...)
	c.response = append(c.response, protocol.Header{Name: "Set-Cookie", Value: c.arena.KeepString(b)})
}

// cookieDomain returns the first configured domain that a host of the Origin
// header is or belongs to, else the fallback.
func (c *Collector) cookieDomain() string {
	origins := protocol.Single(c.request.Header("Origin"))
	for _, domain := range c.settings.Cookie.Domains {
		for rest := origins; rest != ""; {
			var origin string
			origin, rest, _ = strings.Cut(rest, " ")
			_, authority, _ := strings.Cut(origin, "://")
			host, _ := splitPort(authority)
			if belongs(host, domain) {
				return domain
			}
		}
	}
	return c.settings.Cookie.FallbackDomain
}

// belongs reports whether a host is a domain or lies below it.
func belongs(host, domain string) bool {
	child, ok := cutSuffixFold(host, domain)
	return ok && (child == "" || child[len(child)-1] == '.')
}

func cutSuffixFold(s, suffix string) (before string, ok bool) {
	n := len(s) - len(suffix)
	if n < 0 || !strings.EqualFold(s[n:], suffix) {
		return s, false
	}
	return s[:n], true
}

// appendHTTPDate appends a time as RFC 9110 section 5.6.7 spells it: Fri, 20 Nov 2026 23:03:24 GMT.
func appendHTTPDate(dst []byte, millis int64) []byte {
	const weekdays, months = "ThuFriSatSunMonTueWed", "JanFebMarAprMayJunJulAugSepOctNovDec"
	start := len(dst)
	dst = append(dst, "Day, 00 Mon 0000 00:00:00 GMT"...)
	end := len(dst)
	// AppendTime spells all the numbers, 2026-11-20T23:03:24.123Z, behind the
	// date: a buffer of its own would be allocated under TinyGo.
	dst = envelope.AppendTime(dst, max(millis, 0))
	date, t := dst[start:end], dst[end:]
	weekday := max(millis, 0) / 86_400_000 % 7
	month := int(t[5]-'0')*10 + int(t[6]-'0') - 1
	copy(date, weekdays[3*weekday:3*weekday+3])
	copy(date[5:], t[8:10])
	copy(date[8:], months[3*month:3*month+3])
	copy(date[12:], t[:4])
	copy(date[17:], t[11:19])
	return dst[:end]
}

// isToken reports whether s may name a cookie or a header: a token of RFC 9110 section 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		if b := s[i]; b|0x20-'a' >= 26 && b-'0' > 9 && strings.IndexByte("!#$%&'*+-.^_`|~", b) < 0 {
			return false
		}
	}
	return s != ""
}
