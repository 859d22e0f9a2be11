package collector

import "weir/edge/envelope"

// complete fills in what the request and the collector know of every event,
// applies the privacy rules, and then derives columns from what they left.
func (c *Collector) complete(in *Input, id identity) {
	loc := c.settings.Privacy.Locate(in.Location)
	userAgent := c.request.Header("User-Agent")
	for i := range c.events {
		e := &c.events[i]
		e.SetInt(envelope.CollectorTstamp, in.NowMillis)
		if !e.Has(envelope.EventID) {
			e.Set(envelope.EventID, c.newID())
		}
		if !e.Has(envelope.VCollector) {
			e.Set(envelope.VCollector, "weir-"+Version)
		}
		if !e.Has(envelope.UserAgent) {
			e.Fill(&c.arena, envelope.UserAgent, "ua", userAgent)
		}
		if !e.Has(envelope.NetworkUserID) && id.id != "" {
			e.Set(envelope.NetworkUserID, id.id)
		}
		if !e.Has(envelope.UserIPAddress) && in.Request.ClientIP != "" {
			e.Set(envelope.UserIPAddress, in.Request.ClientIP)
		}
		if id.daily && !id.anonymous {
			c.identifyDaily(in, e)
		}
		c.settings.Privacy.Apply(&c.arena, e)
		c.settings.Privacy.Located(e, &in.Location, &loc)
		c.deriveTime(e, in.NowMillis)
		c.splitURL(e, &pageURL)
		c.splitURL(e, &referrer)
	}
}

// deriveTime sets derived_tstamp: the time the tracker vouches for, else the
// collector's with the delay between the event and its sending taken off, as
// the device's clock measured it.
func (c *Collector) deriveTime(e *envelope.Event, now int64) {
	if t, ok := e.GetInt(envelope.TrueTstamp); ok {
		e.SetInt(envelope.DerivedTstamp, t)
		return
	}
	created, ok := e.GetInt(envelope.DvceCreatedTstamp)
	sent, ok2 := e.GetInt(envelope.DvceSentTstamp)
	if ok && ok2 && created < sent {
		now -= sent - created
	}
	e.SetInt(envelope.DerivedTstamp, now)
}
