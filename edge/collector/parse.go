package collector

import (
	"errors"
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/signed"
	"weir/schemas/scan"
)

// ParseSettings reads the JSON form of [Settings]. Nothing but white space
// means the defaults. The error names the member at fault and what it must be.
func ParseSettings(json []byte) (Settings, error) {
	s := defaults()
	if scan.Space(json, 0) == len(json) {
		return s, nil
	}
	p := parser{s: scan.New(json), of: "settings"}
	p.object("", func(name string) bool {
		switch name {
		case "ack":
			s.Ack = p.ack()
		case "acks":
			p.acks(&s.Acks)
		case "paths":
			p.paths(&s.Paths)
		case "webhooks":
			p.webhooks(&s.Webhooks)
		case "access":
			p.access(&s.Access)
		case "debug_keys":
			s.DebugKeys = p.keys("debug_keys")
		case "bots":
			p.bots(&s.Bots)
		case "apps":
			p.object("apps.", func(key string) bool {
				s.Apps = append(s.Apps, protocol.App{Key: key, ID: p.text()})
				return true
			})
		case "documents":
			p.documents(&s.Documents)
		case "strict":
			s.Strict = p.boolean()
		case "cookie":
			p.cookie(&s.Cookie)
		case "visitor":
			p.visitor(&s.Visitor)
		case "limits":
			p.limits(&s.Limits)
		case "privacy":
			p.privacy(&s.Privacy)
		case "redirects":
			p.redirects(&s.Redirects)
		case "do_not_track":
			p.doNotTrack(&s.DoNotTrack)
		case "crossdomain":
			p.crossdomain(&s.Crossdomain)
		case "hsts_max_age":
			s.HSTSMaxAge = p.integer(0, 63_072_000)
		case "root":
			p.root(&s.Root)
		case "preflight_max_age":
			s.PreflightMaxAge = p.integer(0, 86_400)
		case "retry_after":
			s.RetryAfter = p.integer(1, 3600)
		default:
			return false
		}
		return true
	})
	if p.err == nil && !p.s.End() {
		p.err = errors.New("settings: " + p.s.Err().Error())
	}
	return s, p.err
}

// parser reads settings. Its first error stays.
type parser struct {
	s    scan.Scanner
	of   string // what is being read, for errors
	path string // of the member being read
	err  error
}

func (p *parser) fail(message string) {
	if p.err != nil {
		return
	}
	if err := p.s.Err(); err != nil {
		message = err.Error()
	}
	if p.path == "" {
		p.err = errors.New(p.of + ": " + message)
	} else {
		p.err = errors.New(p.of + ": " + p.path + ": " + message)
	}
}

func (p *parser) must(ok bool, message string) {
	if !ok {
		p.fail(message)
	}
}

// object reads the object that comes next. member reads the value of a member
// and returns false if there is no such member.
func (p *parser) object(path string, member func(name string) bool) {
	if p.s.Kind() != scan.Object {
		p.fail("must be an object")
		return
	}
	var key scan.Text
	var seen []string
	for p.s.Object(); p.err == nil && p.s.Member(&key); {
		name := string(key.Append(nil))
		p.path = path + name
		for _, before := range seen {
			p.must(before != name, "occurs twice")
		}
		seen = append(seen, name)
		if !member(name) {
			p.fail("there is no such setting")
		}
	}
	if p.s.Err() != nil {
		p.fail("")
	}
	p.path = strings.TrimSuffix(path, ".")
}

func (p *parser) text() string {
	var t scan.Text
	if p.s.Kind() != scan.String || !p.s.String(&t) {
		p.fail("must be a string")
		return ""
	}
	return string(t.Append(nil))
}

func (p *parser) boolean() bool {
	k := p.s.Kind()
	p.must(k == scan.True || k == scan.False, "must be true or false")
	p.s.Skip()
	return k == scan.True
}

func (p *parser) integer(least, most int) int {
	raw := string(p.s.Skip())
	n, err := strconv.Atoi(raw)
	p.must(err == nil && n >= least && n <= most, "must be an integer from "+strconv.Itoa(least)+" to "+strconv.Itoa(most))
	return n
}

func (p *parser) texts() (list []string) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of strings")
		return nil
	}
	for p.s.Array(); p.err == nil && p.s.Item(); {
		list = append(list, p.text())
	}
	return list
}

func (p *parser) ack() envelope.Ack {
	ack, ok := envelope.ParseAck(p.text())
	p.must(ok, "must be stored, delivered, queued or fast")
	return ack
}

func (p *parser) acks(dst *[]AckRule) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of rules")
		return
	}
	for p.s.Array(); p.err == nil && p.s.Item(); {
		var r AckRule
		path := "acks." + strconv.Itoa(len(*dst)) + "."
		done := false
		p.object(path, func(name string) bool {
			switch name {
			case "apps":
				r.Apps = p.texts()
			case "schemas":
				r.Schemas = p.texts()
			case "ack":
				r.Ack, done = p.ack(), true
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(done, "needs ack: stored, delivered, queued or fast")
		*dst = append(*dst, r)
	}
}

func (p *parser) webhooks(dst *[]Webhook) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of webhooks")
		return
	}
	for p.s.Array(); p.err == nil && p.s.Item(); {
		var w Webhook
		var scheme signed.Scheme
		var secrets []string
		path := "webhooks." + strconv.Itoa(len(*dst)) + "."
		known := false
		p.object(path, func(name string) bool {
			switch name {
			case "path":
				w.Path = p.text()
				p.must(strings.HasPrefix(w.Path, "/"), "must begin with a slash, such as /webhook/com.stripe/*")
			case "scheme":
				scheme, known = signed.ParseScheme(p.text())
				p.must(known, "must be standard, stripe, github, shopify or slack")
			case "secrets":
				secrets = p.texts()
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(w.Path != "", "needs a path, such as /webhook/com.stripe/*")
		p.must(known, "needs a scheme: standard, stripe, github, shopify or slack")
		verifier, err := signed.New(scheme, secrets...)
		if p.path += ".secrets"; err != nil && p.err == nil {
			p.fail(err.Error())
		}
		w.Verifier = verifier
		*dst = append(*dst, w)
	}
}

func (p *parser) paths(dst *[]PathMapping) {
	p.object("paths.", func(from string) bool {
		to := p.text()
		p.must(isTwoSegments(from), "a path to map must be /vendor/version, two segments that are not empty")
		p.must(strings.HasPrefix(to, "/"), "must be the path of an adapter, such as /com.snowplowanalytics.snowplow/tp2")
		*dst = append(*dst, PathMapping{from, to})
		return true
	})
}

func (p *parser) cookie(c *Cookie) {
	p.object("cookie.", func(name string) bool {
		switch name {
		case "enabled":
			c.Enabled = p.boolean()
		case "name":
			c.Name = p.cookieName()
		case "client_name":
			c.ClientName = p.cookieName()
		case "domains":
			c.Domains = p.texts()
			for _, d := range c.Domains {
				p.must(isDomain(d), "must be domain names without a leading dot")
			}
		case "fallback_domain":
			c.FallbackDomain = p.text()
			p.must(isDomain(c.FallbackDomain), "must be a domain name without a leading dot")
		case "max_age":
			c.MaxAge = p.integer(0, 395*86_400)
		case "secure":
			c.Secure = p.boolean()
		case "http_only":
			c.HTTPOnly = p.boolean()
		case "same_site":
			switch c.SameSite = p.text(); {
			case strings.EqualFold(c.SameSite, "None"):
				c.SameSite = "None"
			case strings.EqualFold(c.SameSite, "Lax"):
				c.SameSite = "Lax"
			case strings.EqualFold(c.SameSite, "Strict"):
				c.SameSite = "Strict"
			default:
				p.fail("must be None, Lax or Strict")
			}
		case "bounce":
			p.bounce(&c.Bounce)
		case "extension":
			p.extension(&c.Extension)
		default:
			return false
		}
		return true
	})
	p.must(c.SameSite != "None" || c.Secure, "same_site None needs secure: browsers refuse the cookie otherwise")
	p.must(c.Enabled || !c.Bounce.Enabled && c.Extension.Path == "", "bounce and extension need the cookie: enabled must be true")
	p.must(c.Extension.Path == "" || c.Extension.Name != c.Name && c.Extension.Name != c.ClientName, "extension.name must be the name of a cookie of its own")
}

func (p *parser) cookieName() string {
	name := p.text()
	p.must(isToken(name), "must be a cookie name: letters, digits and !#$%&'*+-.^_`|~")
	return name
}

func (p *parser) limits(l *Limits) {
	p.object("limits.", func(name string) bool {
		switch name {
		case "body":
			l.Body = p.integer(1, 16<<20)
		case "inflated":
			l.Inflated = p.integer(1, 64<<20)
		case "events":
			l.Events = p.integer(1, 10_000)
		case "entities":
			l.Entities = p.integer(1, 10_000)
		case "depth":
			l.Depth = p.integer(2, scan.MaxDepth)
		case "batch":
			l.Batch = p.integer(16<<10, 64<<20)
		default:
			return false
		}
		return true
	})
}

func (p *parser) root(r *Root) {
	p.object("root.", func(name string) bool {
		switch name {
		case "status":
			r.Status = p.integer(200, 599)
		case "headers":
			p.object("root.headers.", func(name string) bool {
				p.must(isToken(name), "must be the name of a header: letters, digits and !#$%&'*+-.^_`|~")
				for _, framing := range []string{"Connection", "Content-Length", "Transfer-Encoding"} {
					p.must(!strings.EqualFold(name, framing), "is for the server alone to set")
				}
				value := p.text()
				p.must(isFieldValue(value), "must be the value of a header: printable ASCII without spaces around it")
				r.Headers = append(r.Headers, protocol.Header{Name: name, Value: value})
				return true
			})
		case "body":
			r.Body = []byte(p.text())
		default:
			return false
		}
		return true
	})
	p.must(r.Status != 0, "root.status is missing")
}

// isFieldValue reports whether s may be a header's value: RFC 9110 section 5.5
// without the bytes beyond ASCII, which platforms encode each in its own way.
func isFieldValue(s string) bool {
	for i := range len(s) {
		if (s[i] < ' ' && s[i] != '\t') || s[i] >= 0x7f {
			return false
		}
	}
	return s == strings.TrimSpace(s)
}
