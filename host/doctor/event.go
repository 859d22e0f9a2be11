package doctor

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// event sends one and follows it.
func (x *examination) event(ctx context.Context, w *watch) {
	id := newID()
	message, err := x.payload(id)
	if err != nil {
		x.add("event", Fail, "give --data JSON", "%v", err)
		return
	}
	before, counted := float64(0), false
	if w != nil {
		before, counted = x.refusals(ctx)
	}
	began := x.cfg.Now()
	resp, why, err := x.do(ctx, http.MethodPost, x.cfg.Edge+x.cfg.Path, message, http.Header{"Content-Type": {"application/json"}})
	if err != nil {
		x.add("event", Fail, "look at the edge's log", "%v", cause(err))
		return
	}
	took := x.cfg.Now().Sub(began)
	if fault := x.crossOrigin(resp); fault != "" {
		x.add("cors", Fail, x.originFix("let the edge's Access-Control-… headers through"), "%s", fault)
	} else {
		x.ok("cors", "the tracker may read the answer")
	}
	if resp.StatusCode != http.StatusOK {
		after, told := float64(0), false
		if counted {
			after, told = x.refusals(ctx)
		}
		x.refused(resp, why, told, after > before)
		return
	}
	x.ok("event", "%s is answered 200 in %d ms", id, took.Milliseconds())
	x.cookie(resp)
	if w != nil {
		x.follow(w, id)
	}
}

// refused says why the edge did not take an event. rejected says that the host
// has refused a signature meanwhile, if told.
func (x *examination) refused(resp *http.Response, why string, told, rejected bool) {
	fix := "look at the edge's log for what the host answers, and whether WEIR_HOST and WEIR_SECRET are set"
	switch {
	case resp.StatusCode/100 == 3:
		fix = "give trackers the address that it redirects to: they do not follow"
	case resp.StatusCode == http.StatusNotFound:
		fix = "post to a path that the edge knows; paths in its settings maps others"
	case resp.StatusCode == http.StatusTooManyRequests:
		fix = "raise the limits in the edge's settings, or wait"
	case resp.StatusCode != http.StatusServiceUnavailable:
		fix = "look what answers in the edge's place"
	case rejected:
		x.add("event", Fail, "set the edge's WEIR_SECRET to one of the host's secrets (wrangler secret put WEIR_SECRET; entry secret of the store weir-secrets on Fastly), and look at the clocks above",
			"the edge answers %s, and the host has refused a signature meanwhile: the edge's secret is not the host's", resp.Status)
		return
	case told && x.hostKnown:
		fix = "set the edge's WEIR_HOST to " + x.cfg.Host + ": it sends elsewhere, or does not get through"
	case x.cfg.Host != "" && !x.hostKnown:
		fix = "mend the host first, see above"
	}
	x.add("event", Fail, fix, "the edge answers %s: %s", resp.Status, oneLine(why))
}

// cookieMax is how long browsers keep a cookie at most (RFC 6265bis, section 5.5).
const cookieMax = 400 * 24 * time.Hour

// cookie looks at how a visitor is known again.
func (x *examination) cookie(resp *http.Response) {
	cookies := resp.Cookies()
	if len(cookies) == 0 {
		x.add("cookie", Warn, "if cookies are on in the settings, let Set-Cookie through", "the edge sets none: visitors are not known again, unless their tracker does so")
		return
	}
	for _, c := range cookies {
		fault, fix := "", "see cookie in the edge's settings"
		host := x.edge.Hostname()
		switch {
		case c.SameSite == http.SameSiteNoneMode && !c.Secure:
			fault = "SameSite=None without Secure: browsers refuse it"
		case c.Domain != "" && !strings.EqualFold(host, c.Domain) && !strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(strings.TrimPrefix(c.Domain, "."))):
			fault, fix = "its Domain "+c.Domain+" is not above "+host+": browsers refuse it", "take domains of the edge's own into cookie.domains"
		case !c.Secure && x.edge.Scheme == "https":
			fault = "not Secure: it also travels without TLS"
		case time.Duration(c.MaxAge)*time.Second > cookieMax:
			fault = "Max-Age is above the 400 days that browsers keep it"
		}
		if fault != "" {
			x.add("cookie", Fail, fix, "%s: %s", oneLine(c.Name), fault)
			continue
		}
		if c.Secure && x.edge.Scheme == "http" {
			x.add("cookie", Warn, "", "%s is Secure, which browsers keep over http on this machine at most", oneLine(c.Name))
			continue
		}
		x.ok("cookie", "%s, for %d days", oneLine(c.Name), c.MaxAge/86400)
	}
}

// follow waits for an event at the host.
func (x *examination) follow(w *watch, id string) {
	e, err := w.find(id, x.cfg.Wait)
	if err != nil {
		x.add("round trip", Fail, "set the edge's WEIR_HOST to this host; with ack fast or queued the event may come later: --wait", "the host has not stored the event: %v", err)
		return
	}
	switch e.Weir.Verdict {
	case "good":
		x.ok("round trip", "stored and judged good")
	default:
		why := ""
		for _, v := range e.Weir.Violations {
			why += fmt.Sprintf("; %s %s: %s", oneLine(v.Path), oneLine(v.Keyword), oneLine(v.Message))
		}
		x.add("round trip", Fail, "compile "+x.cfg.Schema+" into the edge's bundle and put it below the host's schemas, or send another with --schema and --data",
			"stored, and the verdict is %s%s", oneLine(e.Weir.Verdict), why)
	}
	which := "others than those in this program"
	if x.cfg.Bundle == "" {
		which = "of this hash"
	} else if strings.Contains(e.Weir.Bundle, x.cfg.Bundle) {
		which = "those in this program"
	}
	x.ok("schemas", "envelope format %d, the edge judges by schemas %s, %s", e.Weir.Version, oneLine(e.Weir.Bundle), which)
}

// payload is what a tracker posts.
func (x *examination) payload(id string) (string, error) {
	data := json.RawMessage(x.cfg.Data)
	if !json.Valid(data) {
		return "", fmt.Errorf("the event's data is no JSON")
	}
	type selfDescribing struct {
		Schema string `json:"schema"`
		Data   any    `json:"data"`
	}
	inner, err := json.Marshal(selfDescribing{"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0", selfDescribing{x.cfg.Schema, data}})
	if err != nil {
		return "", err
	}
	outer, err := json.Marshal(selfDescribing{"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4", []map[string]string{{
		"e": "ue", "p": "srv", "tv": AppID, "aid": AppID, "eid": id, "ue_pr": string(inner)}}})
	return string(outer), err
}

// newID is a random UUID (RFC 9562, version 4).
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
