package collector

import (
	"strconv"
	"strings"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// privacy reads a policy; see [Settings.Privacy].
func (p *parser) privacy(r *privacy.Rules) {
	version := ""
	p.object("privacy.", func(name string) bool {
		switch name {
		case "version":
			version = p.text()
			p.must(version != "" && len(version) <= 32, "must be text of 1 to 32 bytes, such as 2026-11-21")
		case "ipv4_prefix":
			r.IPv4Prefix = p.integer(0, 32)
		case "ipv6_prefix":
			r.IPv6Prefix = p.integer(0, 128)
		case "geo":
			precision, ok := privacy.ParsePrecision(p.text())
			p.must(ok, "must be country, region, city or coordinates")
			r.Geo = precision
		case "key":
			r.Key = p.key()
		case "rules":
			p.rules(&r.Policy)
		case "signals":
			r.Signals = p.signals()
		default:
			return false
		}
		return true
	})
	if version != "" {
		r.Version(version)
	}
}

// signals reads the table of signals; see [privacy.SignalRule].
func (p *parser) signals() (list []privacy.SignalRule) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of rules")
		return nil
	}
	for p.s.Array(); p.err == nil && p.s.Item(); {
		var r privacy.SignalRule
		path := "privacy.signals." + strconv.Itoa(len(list)) + "."
		done := false
		p.object(path, func(name string) bool {
			switch name {
			case "name":
				r.Name = p.text()
			case "signals":
				for _, text := range p.texts() {
					signal, ok := privacy.ParseSignal(text)
					p.must(ok, "must be of sp_anonymous, gpc, dnt, consent_denied, consent_granted, other_basis and no_consent")
					r.Signals |= signal
				}
			case "regions":
				r.Regions = p.texts()
				for _, text := range r.Regions {
					p.must(privacy.IsRegion(text), "must be countries such as DE, subdivisions such as US-CA, EU or EEA")
				}
			case "apps":
				r.Apps = p.texts()
			case "do":
				r.Do, done = privacy.ParseStance(p.text())
				p.must(done, "must be pass, anonymise, drop_identifiers or drop_event")
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(r.Name != "", "needs a name, which receipts will bear")
		p.must(done, "needs do: pass, anonymise, drop_identifiers or drop_event")
		list = append(list, r)
	}
	return list
}

// key reads {"id":…,"secret":…}, the secret in standard base64.
func (p *parser) key() (key privacy.Key) {
	var id, secret, salt string
	p.object("privacy.key.", func(name string) bool {
		switch name {
		case "id":
			id = p.text()
		case "secret":
			secret = p.text()
		case "salt":
			salt = p.text()
		default:
			return false
		}
		return true
	})
	p.path = "privacy.key"
	var arena envelope.Arena
	key, err := privacy.NewKey(id, protocol.DecodeBase64(&arena, secret))
	if key.Salt = salt; err != nil {
		p.fail(err.Error() + `: write {"id":"2026-11","secret":"…"}, the secret in base64`)
	}
	return key
}

// rules reads a policy; see [privacy.Rule].
func (p *parser) rules(dst *[]privacy.Rule) {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of rules")
		return
	}
	for p.s.Array(); p.err == nil && p.s.Item(); {
		var r privacy.Rule
		path := "privacy.rules." + strconv.Itoa(len(*dst)) + "."
		done := false
		p.object(path, func(name string) bool {
			switch name {
			case "name":
				r.Name = p.text()
			case "apps":
				r.Apps = p.texts()
			case "protocols":
				r.Protocols = p.texts()
			case "schemas":
				r.Schemas = p.texts()
			case "fields":
				r.Fields = p.texts()
			case "do":
				action, err := privacy.ParseAction(p.s.Skip())
				if done = true; err != nil {
					p.fail(err.Error())
				}
				r.Action = action
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(r.Name != "", "needs a name, which receipts will bear")
		p.must(len(r.Fields) > 0, "needs fields")
		p.must(done, `needs do, such as {"action":"drop"}`)
		if unknown, ok := r.Columns(); !ok {
			p.fail(unknown + " is no column that the action can be applied to; paths into data need schemas, such as [\"iglu:com.acme/*\"]")
		}
		*dst = append(*dst, r)
	}
}
