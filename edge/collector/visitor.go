package collector

import (
	"errors"

	"weir/edge/envelope"
	"weir/edge/hmac"
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/schemas/scan"
)

// Visitor says how visitors are told apart.
type Visitor struct {
	// Daily ("mode": cookie, the default, or daily) takes no cookie and no nuid. The network user
	// id is then a keyed hash of address, user agent and app (else the page's
	// host, else the collector's), and the key is the salt of the day: within a
	// day and an app it is the same, and beyond them nothing leads from one to
	// another. Without a salt or an address there is no id.
	Daily bool

	// Salts ("salts") are an array of {"id","from","until","secret"}, see
	// [Collector.UseSalts], for runtimes that fetch none: whoever writes them
	// has to replace them, and to destroy them. Those that are fetched stand in their stead.
	Salts []Salt
}

// Salt makes the ids of visitors while it holds.
type Salt struct {
	ID          string // in receipts, 1 to 32 bytes
	From, Until int64  // milliseconds since the Unix epoch, the end excluded

	key     hmac.Key
	receipt string
}

const (
	maxSalts  = 8
	ruleDaily = "daily-visitor"
)

// UseSalts replaces all salts by those of a host's answer,
//
//	{"salts":[{"id":"2026-11-21","from":"2026-11-21T00:00:00Z","until":"2026-11-23T00:00:00Z","secret":"…"}]}
//
// at most eight, each secret base64 of 16 bytes or more. Of those that hold at a
// time the one that began last counts. After an error the salts are as they were.
func (c *Collector) UseSalts(json []byte) error {
	p := parser{s: scan.New(json), of: "salts"}
	var salts []Salt
	listed := false
	p.object("", func(name string) bool {
		if listed = listed || name == "salts"; name == "salts" {
			salts = p.salts("salts.")
		} else {
			p.s.Skip() // of a later version
		}
		return true
	})
	p.must(listed, `must be {"salts":[…]}`)
	if p.err == nil && !p.s.End() {
		p.err = errors.New("salts: " + p.s.Err().Error())
	}
	if p.err != nil {
		return p.err
	}
	clear(c.salts) // the secrets do not wait for the garbage collector
	c.salts = salts
	return nil
}

// salt returns the one to make ids with at a time, nil if none holds.
func (c *Collector) salt(now int64) (latest *Salt) {
	for i := range c.salts {
		s := &c.salts[i]
		if s.From <= now && now < s.Until && (latest == nil || s.From > latest.From) {
			latest = s
		}
	}
	return latest
}

// identifyDaily sets the id of the day, in place of whatever id the tracker
// sent. It must run before the address is cut.
func (c *Collector) identifyDaily(in *Input, e *envelope.Event) {
	if e.Has(envelope.NetworkUserID) {
		e.Drop(envelope.NetworkUserID)
		e.Redacted = true // its fingerprint is of the id that was sent
	}
	salt := c.salt(in.NowMillis)
	addr, ok := privacy.ParseAddress(e.Get(envelope.UserIPAddress))
	if salt == nil || !ok {
		e.Receive(envelope.Receipt{Rule: ruleDaily, Field: "network_userid", Action: "drop"})
		return
	}
	// Lengths stand between the parts, so that none can pass for another's end.
	c.scratch = addr.Append(c.scratch[:0])
	c.scratch = appendSized(c.scratch, site(e, &in.Request))
	c.scratch = appendSized(c.scratch, e.Get(envelope.UserAgent))
	salt.key.Reset()
	salt.key.Write(c.scratch)
	sum := salt.key.Sum()
	var id [16]byte
	copy(id[:], sum[:])
	e.Set(envelope.NetworkUserID, c.arena.KeepString(envelope.AppendUUIDv8(c.arena.Bytes(36), id)))
	e.Receive(envelope.Receipt{Rule: ruleDaily, Field: "network_userid", Action: salt.receipt})
}

// site is what a visitor's ids are not joined beyond.
func site(e *envelope.Event, r *protocol.Request) string {
	if app := e.Get(envelope.AppID); app != "" {
		return app
	}
	if u, ok := parseURL(e.Get(envelope.PageURL)); ok && u.host != "" {
		return u.host
	}
	return r.Host
}

func appendSized(dst []byte, s string) []byte {
	n := len(s)
	return append(append(dst, 0, byte(n), byte(n>>8), byte(n>>16)), s...)
}

// visitor reads {"mode","salts"}.
func (p *parser) visitor(v *Visitor) {
	p.object("visitor.", func(name string) bool {
		switch name {
		case "mode":
			mode := p.text()
			p.must(mode == "cookie" || mode == "daily", "must be cookie or daily")
			v.Daily = mode == "daily"
		case "salts":
			v.Salts = p.salts("visitor.salts.")
		default:
			return false
		}
		return true
	})
}

// salts reads a list of them. Members that a later version may add are passed
// over. The module's memory is never collected, so no secret is left lying in it:
// neither its text, nor a key in a list that was outgrown.
func (p *parser) salts(path string) []Salt {
	if p.s.Kind() != scan.Array {
		p.fail("must be an array of salts")
		return nil
	}
	list := make([]Salt, 0, maxSalts)
	for p.s.Array(); p.err == nil && p.s.Item(); {
		p.must(len(list) < maxSalts, "must be at most 8")
		var s Salt
		var secret []byte
		from, until := false, false
		item := path + string(scan.AppendInt(nil, len(list)))
		p.object(item+".", func(name string) bool {
			switch name {
			case "id":
				s.ID = p.text()
			case "from":
				s.From, from = p.time()
			case "until":
				s.Until, until = p.time()
			case "secret":
				secret = p.base64()
			default:
				p.s.Skip()
			}
			return true
		})
		p.path = item
		p.must(s.ID != "" && len(s.ID) <= 32, "needs an id of 1 to 32 bytes")
		p.must(from && until && s.From < s.Until, "needs from and until, times of RFC 3339, one before the other")
		p.must(len(secret) >= 16, "needs a secret, the base64 of 16 bytes or more")
		if p.err == nil {
			s.receipt = "hash:" + s.ID
			list = append(list, s)
			list[len(list)-1].key = hmac.New(secret)
		}
		clear(secret)
	}
	return list
}

// base64 reads a secret.
func (p *parser) base64() []byte {
	var t scan.Text
	if p.s.Kind() != scan.String || !p.s.String(&t) {
		p.fail("must be a string")
		return nil
	}
	text := t.Append(nil)
	var arena envelope.Arena
	secret := protocol.DecodeBase64(&arena, envelope.View(text))
	clear(text)
	return secret
}

func (p *parser) time() (millis int64, ok bool) {
	millis, ok = envelope.ParseRFC3339(p.text())
	p.must(ok, "must be a time of RFC 3339, such as 2026-11-21T00:00:00Z")
	return millis, ok
}
