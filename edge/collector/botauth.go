package collector

import (
	"strings"

	"weir/edge/envelope"
)

// BotAuthSchema is the schema of the entity that says that a request was signed
// as Web Bot Auth has agents sign theirs, and by whose word.
const BotAuthSchema = "iglu:org.ietf/web_bot_auth/jsonschema/1-0-0"

// signsItself reports whether a request bears the signature of an agent: HTTP
// Message Signatures (RFC 9421) with the tag of draft-meunier-web-bot-auth-architecture.
func (c *Collector) signsItself() bool {
	r := &c.request
	return r.Header("Signature") != "" && strings.Contains(r.Header("Signature-Input"), `tag="web-bot-auth"`)
}

// signingAgent makes the entity. It holds the host where the agent says that its
// keys are; the signature is not verified, since an edge knows no keys.
func (c *Collector) signingAgent() envelope.SelfDescribing {
	host := agentHost(c.request.Header("Signature-Agent"))
	b := append(c.arena.Bytes(len(`{"agent":"","verified":false}`)+len(host)), '{')
	if host != "" {
		b = append(append(append(b, `"agent":"`...), host...), `",`...)
	}
	b = append(b, `"verified":false}`...)
	return envelope.SelfDescribing{Schema: BotAuthSchema, Data: c.arena.Keep(b)}
}

// agentHost returns the host of a Signature-Agent header: a URL in quotes, alone
// or as the first member of a dictionary (RFC 9651).
func agentHost(header string) string {
	_, rest, _ := strings.Cut(header, `"`)
	url, _, closed := strings.Cut(rest, `"`)
	authority, ok := strings.CutPrefix(url, "https://")
	if i := envelope.IndexAny(authority, "/?#"); i >= 0 {
		authority = authority[:i]
	}
	host, _ := splitPort(authority)
	const longest = 253 // of a name: RFC 1035 section 2.3.4
	if !closed || !ok || len(host) > longest || !isASCIIHost(host) {
		return ""
	}
	return host
}

// attach adds the agent's entity to an event. Entities stand in memory of their
// adapter, where those of the next event may follow: they move.
func (c *Collector) attach(e *envelope.Event) {
	s := &c.sender
	from := len(s.entities)
	s.entities = append(append(s.entities, e.Contexts...), s.agent)
	e.Contexts = s.entities[from:len(s.entities):len(s.entities)]
}
