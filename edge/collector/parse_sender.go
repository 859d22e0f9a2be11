package collector

import (
	"strconv"
	"strings"

	"weir/schemas/scan"
)

// list reads an array of objects: item reads the one that comes next, whose
// members have path before their names.
func (p *parser) list(name, of string, item func(path string)) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of " + of)
		return
	}
	p.s.Array()
	for i := 0; p.err == nil && p.s.Item(); i++ {
		item(name + "." + strconv.Itoa(i) + ".")
	}
}

func (p *parser) access(dst *[]AccessRule) {
	p.list("access", "rules", func(path string) {
		var r AccessRule
		named := false
		p.object(path, func(name string) bool {
			switch name {
			case "apps":
				r.Apps = p.texts()
			case "origins":
				r.Origins, named = p.texts(), true
				for _, o := range r.Origins {
					p.must(isSerialized(o), "must be origins as browsers spell them: scheme://host, in lower case, with :port if it is not the scheme's own")
				}
			case "keys":
				r.Keys, named = p.keys(path+"keys"), true
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(named, "needs origins or keys; an empty list of either lets nobody in")
		*dst = append(*dst, r)
	})
}

// isSerialized reports whether s is an origin as browsers send it (RFC 6454
// section 6.2). Any other would never be equal to one.
func isSerialized(s string) bool {
	origin, ok := firstOrigin(s)
	return ok && origin == s && s == strings.ToLower(s) &&
		!(strings.HasPrefix(s, "https://") && strings.HasSuffix(s, ":443")) && !(strings.HasPrefix(s, "http://") && strings.HasSuffix(s, ":80"))
}

// keys reads an array of keys; see [Key]. Those of debug_keys are nobody's server's.
func (p *parser) keys(list string) (keys []Key) {
	p.list(list, "keys", func(path string) {
		var k Key
		done := false
		p.object(path, func(name string) bool {
			switch name {
			case "name":
				k.Name = p.text()
			case "sha256":
				done = unhex(k.SHA256[:], p.text())
				p.must(done, "must be 64 hexadecimal digits, as sha256sum prints them")
			case "server":
				k.Server = p.boolean()
				return list != "debug_keys"
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(done, `needs sha256, the hash of the key: printf %s "$KEY" | sha256sum`)
		keys = append(keys, k)
	})
	return keys
}

// unhex fills dst with the bytes that s spells in hexadecimal digits.
func unhex(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	for i := range dst {
		n, err := strconv.ParseUint(s[2*i:2*i+2], 16, 8)
		if err != nil {
			return false
		}
		dst[i] = byte(n)
	}
	return true
}

func (p *parser) bots(dst *[]BotRule) {
	p.list("bots", "rules", func(path string) {
		var r BotRule
		done := false
		p.object(path, func(name string) bool {
			switch name {
			case "apps":
				r.Apps = p.texts()
			case "do":
				r.Do, done = parseBotPolicy(p.text())
				p.must(done, "must be flag, drop or ignore")
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(done, "needs do: flag, drop or ignore")
		*dst = append(*dst, r)
	})
}

func parseBotPolicy(s string) (BotPolicy, bool) {
	for i, name := range [...]string{FlagBots: "flag", DropBots: "drop", IgnoreBots: "ignore"} {
		if s == name {
			return BotPolicy(i), true
		}
	}
	return 0, false
}
