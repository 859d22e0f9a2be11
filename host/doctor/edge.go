package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// resolve looks the edge's name up.
func (x *examination) resolve(ctx context.Context) bool {
	name := x.edge.Hostname()
	if net.ParseIP(name) != nil {
		x.ok("dns", "%s is an address", name)
		return true
	}
	addrs, err := net.DefaultResolver.LookupHost(ctx, name)
	if err != nil {
		x.add("dns", Fail, "create the record for "+name+" where its zone is kept: on Cloudflare a custom domain of the Worker, on Fastly a CNAME to the service's name", "%v", err)
		return false
	}
	x.ok("dns", "%s is at %s", name, strings.Join(addrs, ", "))
	return true
}

// soonEnds is when a certificate should have been renewed: authorities' clients
// do so 30 days before its end.
const soonEnds = 14 * 24 * time.Hour

// secure shakes hands and looks at the certificate.
func (x *examination) secure(ctx context.Context) bool {
	if x.edge.Scheme == "http" {
		if isLocal(x.edge.Hostname()) {
			x.ok("tls", "none, on this machine")
			return true
		}
		x.add("tls", Fail, "give trackers an https address: CDNs do so by themselves, weir edge with --acme-name or --tls-cert",
			"none: events travel readable, pages with https refuse to send them, and cookies that are Secure are lost")
		return true
	}
	config := &tls.Config{}
	if t, ok := x.cfg.Client.Transport.(*http.Transport); ok && t.TLSClientConfig != nil {
		config = t.TLSClientConfig.Clone()
	}
	config.NextProtos = []string{"h2", "http/1.1"}
	addr := x.edge.Host
	if x.edge.Port() == "" {
		addr = net.JoinHostPort(x.edge.Hostname(), "443")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
	var invalid *tls.CertificateVerificationError
	if errors.As(err, &invalid) {
		x.add("tls", Fail, "serve a certificate for "+x.edge.Hostname()+" that is in force, with its whole chain, from an authority that browsers trust", "%v", invalid.Err)
		return false
	}
	if err != nil {
		x.add("tls", Fail, "look whether something listens at "+addr+" and speaks TLS", "%v", err)
		return false
	}
	defer conn.Close()
	state := conn.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	left := leaf.NotAfter.Sub(x.cfg.Now())
	status, fix := OK, ""
	if left < soonEnds {
		status, fix = Warn, "look why it was not renewed"
	}
	x.add("tls", status, fix, "%s, certificate by %s, valid for %d more days", tls.VersionName(state.Version), leaf.Issuer.CommonName, int(left.Hours()/24))
	return true
}

// health asks for /health, and takes the edge's clock from the answer.
func (x *examination) health(ctx context.Context) bool {
	began := x.cfg.Now()
	resp, body, err := x.do(ctx, http.MethodGet, x.cfg.Edge+"/health", "", nil)
	if err != nil {
		x.add("edge", Fail, "look whether the edge runs and a firewall lets through to "+x.edge.Host, "%v", cause(err))
		return false
	}
	ended := x.cfg.Now()
	if resp.StatusCode != http.StatusOK || strings.TrimSpace(body) != "ok" {
		x.add("edge", Fail, "something else than weir answers at "+x.cfg.Edge+": look at the route or domain that leads to it", "GET /health is answered %s", resp.Status)
		return false
	}
	x.ok("edge", "GET /health is answered 200 in %d ms, by %s", ended.Sub(began).Milliseconds(), resp.Proto)
	x.skew = skew(resp, began, ended)
	return true
}

// preflight asks what a browser asks before it lets a page post events.
func (x *examination) preflight(ctx context.Context) {
	resp, _, err := x.do(ctx, http.MethodOptions, x.cfg.Edge+x.cfg.Path, "", http.Header{
		"Access-Control-Request-Method": {http.MethodPost}, "Access-Control-Request-Headers": {"content-type"}})
	const fix = "let OPTIONS through to the edge, and its Access-Control-… headers back: a proxy, firewall rule or page rule in front of it answers or strips them"
	switch {
	case err != nil:
		x.add("preflight", Fail, fix, "%v", cause(err))
	case resp.StatusCode/100 != 2:
		x.add("preflight", Fail, fix, "OPTIONS %s is answered %s", x.cfg.Path, resp.Status)
	case !hasToken(resp.Header.Values("Access-Control-Allow-Headers"), "content-type"):
		x.add("preflight", Fail, fix, "Access-Control-Allow-Headers is %q, without Content-Type: browsers will not post JSON", resp.Header.Get("Access-Control-Allow-Headers"))
	default:
		if fault := x.crossOrigin(resp); fault != "" {
			x.add("preflight", Fail, x.originFix(fix), "%s", fault)
			return
		}
		x.ok("preflight", "pages of %s may post", x.cfg.Origin)
	}
}

func (x *examination) originFix(fix string) string {
	return fix + "; if the settings list allowed origins, give --origin one of them"
}

// crossOrigin says what a browser would find wrong with an answer to a request
// with credentials.
func (x *examination) crossOrigin(resp *http.Response) string {
	switch allowed := resp.Header.Get("Access-Control-Allow-Origin"); {
	case allowed == "":
		return "there is no Access-Control-Allow-Origin: browsers keep the answer from the tracker, which sends the event again and again"
	case allowed != x.cfg.Origin:
		return "Access-Control-Allow-Origin is " + allowed + ", not the page's " + x.cfg.Origin + ": browsers keep the answer from the tracker, which sends with credentials"
	case resp.Header.Get("Access-Control-Allow-Credentials") != "true":
		return "Access-Control-Allow-Credentials is not true: browsers keep the answer from the tracker, which sends with credentials"
	}
	return ""
}

// hasToken reports whether a list of tokens in header fields holds one.
func hasToken(fields []string, want string) bool {
	return slices.ContainsFunc(strings.Split(strings.Join(fields, ","), ","), func(token string) bool {
		token = strings.TrimSpace(token)
		return strings.EqualFold(token, want)
	})
}

// do makes a request as a page does and returns at most 64 KiB of the answer.
func (x *examination) do(ctx context.Context, method, to, message string, header http.Header) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(message))
	if err != nil {
		return nil, "", err
	}
	if header != nil {
		req.Header = header.Clone()
	}
	req.Header.Set("Origin", x.cfg.Origin)
	req.Header.Set("User-Agent", AppID)
	resp, err := x.cfg.Client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return resp, string(body), err
}
