package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"weir/edge/signature"
	"weir/host/admin"
	"weir/host/ingest"
)

// host looks at the public listener of the host, and whether it takes the secret.
func (x *examination) host(ctx context.Context) {
	if x.cfg.Host == "" {
		x.add("host", Skip, "", "not looked at: --host names its public address")
		return
	}
	began := x.cfg.Now()
	resp, _, err := x.do(ctx, http.MethodGet, x.cfg.Host+"/healthz", "", nil)
	if err != nil {
		x.add("host", Fail, "look whether weir host runs, and whether the edge and this machine reach "+x.cfg.Host, "%v", cause(err))
		return
	}
	if resp.StatusCode != http.StatusOK {
		x.add("host", Fail, "something else than weir host answers at "+x.cfg.Host, "GET /healthz is answered %s", resp.Status)
		return
	}
	x.hostKnown, x.hostSkew = true, skew(resp, began, x.cfg.Now())
	resp, why, err := x.do(ctx, http.MethodGet, x.cfg.Host+"/readyz", "", nil)
	switch {
	case err != nil:
		x.add("host", Fail, "", "%v", cause(err))
	case resp.StatusCode != http.StatusOK:
		x.add("host", Fail, "look at the host's log and disk; a full journal empties itself once its sinks take events", "serves, and takes no batches: %s", oneLine(why))
	default:
		x.ok("host", "takes batches")
	}
	x.secret(ctx)
}

// secret signs what is no batch: a host that verifies it answers 400, and
// stores nothing.
func (x *examination) secret(ctx context.Context) {
	if x.cfg.Secret == nil {
		x.add("secret", Skip, "", "not looked at: WEIR_SECRET holds it")
		return
	}
	const id, body = "weir-doctor", "no batch\n"
	now := x.cfg.Now().Unix()
	resp, why, err := x.do(ctx, http.MethodPost, x.cfg.Host+ingest.Path, body, http.Header{
		"Content-Type": {ingest.ContentType}, ingest.HeaderID: {id}, ingest.HeaderTimestamp: {strconv.FormatInt(now, 10)},
		ingest.HeaderSignature: {signature.Sign(x.cfg.Secret, id, now, []byte(body))}})
	switch {
	case err != nil:
		x.add("secret", Fail, "", "%v", cause(err))
	case resp.StatusCode == http.StatusBadRequest:
		x.hostTold = true
		x.ok("secret", "the host takes what is signed with WEIR_SECRET")
	case resp.StatusCode == http.StatusUnauthorized && x.hostSkew.Abs() >= signature.Window && x.hostSkew != noClock:
		x.add("secret", Fail, "set the clock of the machine that is wrong", "the host refuses the signature: its clock and this machine's are %s apart", x.hostSkew.Abs())
	case resp.StatusCode == http.StatusUnauthorized:
		x.add("secret", Fail, "give edges one of the host's edge.secrets: in a configuration without any it is the host's WEIR_SECRET, else what is in the file secret of its data directory",
			"the host refuses what is signed with WEIR_SECRET: it is not one of its secrets")
	default:
		x.add("secret", Fail, "", "the host answers %s: %s", resp.Status, oneLine(why))
	}
}

// admin looks at the host from inside, and begins to watch what it stores.
func (x *examination) admin(ctx context.Context) *watch {
	if x.cfg.Admin == "" {
		x.add("admin", Skip, "", "not looked at, so that what becomes of an event is not known: --admin names its address")
		return nil
	}
	var status admin.Status
	text, err := x.ask(ctx, "/api/status")
	if err == nil {
		if json.Unmarshal([]byte(text), &status) != nil {
			err = fmt.Errorf("something else than weir host answers at %s", x.cfg.Admin)
		}
	}
	if err != nil {
		x.add("admin", Fail, "give WEIR_ADMIN_TOKEN the host's admin.token, and --admin an address that leads to admin.listen, by a tunnel for example", "%v", cause(err))
		return nil
	}
	if status.Version == x.cfg.Version || x.cfg.Version == "" {
		x.ok("admin", "the host is weir %s", status.Version)
	} else {
		x.add("admin", Warn, "run one version everywhere", "the host is weir %s, this is %s", status.Version, x.cfg.Version)
	}
	for _, r := range status.Routes {
		switch {
		case r.Breaker == "open":
			x.add("routes", Warn, "mend sink "+r.Sink+": the journal keeps events for it meanwhile", "%s: the sink does not take events: %s", r.Name, oneLine(r.Error))
		case r.Dead > 0:
			x.add("routes", Warn, "weir deadletter list says why", "%s: %d dead letters since the host began", r.Name, r.Dead)
		}
	}
	if j := status.Journal; j.Limit > 0 && j.Bytes > j.Limit/5*4 {
		x.add("journal", Warn, "mend the sink that is behind, or raise journal.max_bytes", "%d of %d bytes are used", j.Bytes, j.Limit)
	}
	w, err := x.watch(ctx)
	if err != nil {
		x.add("admin", Fail, "", "%v", cause(err))
		return nil
	}
	return w
}

// ask gets a page of the admin listener.
func (x *examination) ask(ctx context.Context, path string) (string, error) {
	resp, body, err := x.do(ctx, http.MethodGet, x.cfg.Admin+path, "", x.bearer())
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("GET %s is answered %s", path, resp.Status)
	}
	return body, nil
}

func (x *examination) bearer() http.Header {
	header := http.Header{}
	if x.cfg.Token != "" {
		header.Set("Authorization", "Bearer "+x.cfg.Token)
	}
	return header
}

// refusals is how many requests the host has refused for their signature; ok
// is false if it does not say.
func (x *examination) refusals(ctx context.Context) (n float64, ok bool) {
	const counter = `weir_ingest_requests_total{code="401"} `
	metrics, err := x.ask(ctx, "/metrics")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(metrics) {
		if value, found := strings.CutPrefix(line, counter); found {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			return n, err == nil
		}
	}
	return 0, true // none yet
}

// oneLine is the beginning of a text from elsewhere, without what moves a terminal's cursor.
func oneLine(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > 300 {
		s = s[:300] + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
