package segment

import (
	"strings"

	"weir/edge/envelope"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

var pageColumns = []document.Column{
	{Name: "url", Field: envelope.PageURL},
	{Name: "referrer", Field: envelope.PageReferrer},
	{Name: "title", Field: envelope.PageTitle},
	{Name: "path", Field: envelope.PageURL, Part: true},
	{Name: "search", Field: envelope.PageURL, Part: true},
}

var contextColumns = []document.Column{
	{Name: "ip", Field: envelope.UserIPAddress},
	{Name: "userAgent", Field: envelope.UserAgent},
	{Name: "locale", Field: envelope.BrLang},
	{Name: "timezone", Field: envelope.OSTimezone},
	{Name: "page", Within: pageColumns},
	{Name: "campaign", Within: []document.Column{
		{Name: "name", Field: envelope.MktCampaign},
		{Name: "source", Field: envelope.MktSource},
		{Name: "medium", Field: envelope.MktMedium},
		{Name: "term", Field: envelope.MktTerm},
		{Name: "content", Field: envelope.MktContent},
	}},
	{Name: "screen", Within: []document.Column{
		{Name: "width", Field: envelope.DvceScreenWidth},
		{Name: "height", Field: envelope.DvceScreenHeight},
	}},
}

// pageDataColumns are those of the data of a page, whose properties repeat its context.
var pageDataColumns = []document.Column{{Name: "properties", Within: pageColumns}}

// columns fills the columns of an event and its entities of contexts. It
// returns which members of the message it took, as bits.
func (a *Adapter) columns(e *envelope.Event, k *kind) (used uint32) {
	m := &a.message
	take := func(id member, ok bool) {
		if ok {
			used |= 1 << id
		}
	}
	first := len(a.entities)
	if a.shared.context != nil {
		a.doc.Take(e, a.shared.context, contextColumns)
		a.library(e, a.shared.context)
		if a.shared.rest != nil {
			a.entities = append(a.entities, envelope.SelfDescribing{Schema: contextSchema, Data: a.shared.rest})
		}
	}
	if own := m.values[context]; own != nil && own[0] == '{' {
		take(context, true)
		a.library(e, own)
		if rest := a.doc.Lift(e, own, contextColumns); rest != nil {
			a.entities = append(a.entities, envelope.SelfDescribing{Schema: contextSchema, Data: rest})
		}
	}
	e.Contexts = a.entities[first:len(a.entities):len(a.entities)]
	if k.name == "page" {
		if e.Unstruct.Data = a.doc.Lift(e, e.Unstruct.Data, pageDataColumns); e.Unstruct.Data == nil {
			e.Unstruct.Data = noProperties
		}
	}
	if id := m.values[userID]; id != nil {
		take(userID, a.doc.Set(e, envelope.UserID, members[userID], id))
	}
	if id := m.values[anonymousID]; id != nil {
		take(anonymousID, a.doc.Set(e, envelope.DomainUserID, members[anonymousID], id))
	}
	if id := a.doc.Text(m.values[messageID]); id != "" && !e.Has(envelope.EventID) {
		if envelope.IsUUID(id) {
			e.Set(envelope.EventID, id)
			take(messageID, true)
		} else {
			e.Set(envelope.EventID, a.doc.NameID(a.doc.Name, id))
		}
	}
	used |= a.times(e)
	key := a.key
	if own := m.values[writeKey]; own != nil && own[0] == '"' {
		key = a.doc.Text(own)
	}
	e.Key = key
	a.doc.App(e, members[writeKey], key, false)
	return used
}

// times sets the sender's times. Those that are no times stay in the message.
func (a *Adapter) times(e *envelope.Event) (used uint32) {
	m := &a.message
	created, sent := timestamp, m.values[sentAt]
	if m.values[originalTimestamp] != nil {
		created = originalTimestamp // timestamp is one that Segment corrected
	}
	if sent == nil {
		sent = a.shared.sent
	}
	field := envelope.TrueTstamp
	if sent != nil && a.doc.Set(e, envelope.DvceSentTstamp, members[sentAt], sent) {
		field = envelope.DvceCreatedTstamp
		used |= 1 << sentAt
	}
	if value := m.values[created]; value != nil && a.doc.Set(e, field, members[created], value) {
		used |= 1 << created
	}
	return used
}

// library tells the tracker from a context's library, and the platform from its name.
func (a *Adapter) library(e *envelope.Event, context []byte) {
	a.inner.Reset(context, a.doc.Limits.Depth)
	s := &a.inner
	var key scan.Text
	for s.Object(); s.Member(&key); {
		if !key.Is("library") || s.Kind() != scan.Object {
			s.Skip()
			continue
		}
		var name, version string
		for s.Object(); s.Member(&key); {
			switch text := s.Kind() == scan.String; {
			case text && key.Is("name"):
				name = a.doc.Text(s.Skip())
			case text && key.Is("version"):
				version = a.doc.Text(s.Skip())
			default:
				s.Skip()
			}
		}
		a.tracker(e, name, version)
	}
}

func (a *Adapter) tracker(e *envelope.Event, name, version string) {
	if name == "" {
		return
	}
	b := append(a.doc.Arena.Bytes(len(name)+len(version)+1), name...)
	if version != "" {
		b = append(append(b, '-'), version...)
	}
	e.Fill(&a.doc.Arena, envelope.VTracker, "library", a.doc.Arena.KeepString(b))
	switch {
	case e.Get(envelope.Platform) != "srv": // the query string said so
	case strings.HasPrefix(name, "analytics.js"):
		e.Set(envelope.Platform, "web")
	case strings.Contains(name, "ios"), strings.Contains(name, "android"), strings.Contains(name, "swift"), strings.Contains(name, "kotlin"),
		strings.Contains(name, "react-native"), strings.Contains(name, "flutter"):
		e.Set(envelope.Platform, "mob")
	}
}

// shareContext makes the entity that the context of a batch is, once for all messages.
func (a *Adapter) shareContext() {
	if a.shared.context != nil {
		a.scratch.Reset()
		a.shared.rest = a.doc.Lift(&a.scratch, a.shared.context, contextColumns)
	}
}
