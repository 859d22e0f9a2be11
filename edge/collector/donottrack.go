package collector

import "weir/edge/privacy"

// DoNotTrack is the cookie of visitors who said, on a page of the site's own,
// that they do not want to be tracked. Their requests are answered as usual but
// for cookies, of which none are set; nothing is kept of their events but how many there were.
type DoNotTrack struct {
	Name  string // "name"; without one there is no such cookie
	Value string // "value", '*' standing for any run of characters; the whole value must be so
}

// optedOut reports whether the request bears that cookie.
func (c *Collector) optedOut() bool {
	d := &c.settings.DoNotTrack
	if d.Name == "" {
		return false
	}
	value, ok := c.cookie(d.Name)
	return ok && privacy.Matches(d.Value, value)
}

// forget drops all events.
func (c *Collector) forget() {
	c.filtered += len(c.events)
	c.events = c.events[:0]
}

func (p *parser) doNotTrack(d *DoNotTrack) {
	valued := false
	p.object("do_not_track.", func(name string) bool {
		switch name {
		case "name":
			d.Name = p.cookieName()
		case "value":
			d.Value, valued = p.text(), true
		default:
			return false
		}
		return true
	})
	p.must(d.Name != "" && valued, `needs the name and the value of a cookie, such as {"name":"optout","value":"1"}; "*" is any value`)
}
