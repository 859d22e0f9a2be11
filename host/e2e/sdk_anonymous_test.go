package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/snowplow/snowplow-golang-tracker/v3/pkg/common"
	memory "github.com/snowplow/snowplow-golang-tracker/v3/pkg/storage/memory"
	sp "github.com/snowplow/snowplow-golang-tracker/v3/tracker"

	"weir/edge/toolchain/need"
	"weir/host/e2e/browser"
)

// Who a server says that its visitor is, see testdata/sdk/snowplow.cjs.
const (
	somebody  = "ada"
	domainID  = "d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0001"
	networkID = "d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0002"
	sessionID = "d7b6c3f0-1f5e-4f3c-9a53-2a1c4a4f0003"
)

// anonymousSettings have SP-Anonymous take everything from the apps called
// strict, that which their own servers say included.
const anonymousSettings = `{"privacy": {"signals": [
  {"name": "strict", "signals": ["sp_anonymous"], "apps": ["strict-*"], "do": "drop_identifiers"}
]}}`

// TestAnonymousTrackers has each of Snowplow's trackers send for somebody who is
// known and for somebody who wants not to be.
func TestAnonymousTrackers(t *testing.T) {
	s := startSDKSystem(t, anonymousSettings)
	t.Run("browser", func(t *testing.T) {
		anonymousBrowser(t, s)
		need.Ran(t, "anonymous browser tracker", "wazero")
	})
	for name, send := range map[string]func(t *testing.T, s *sdkSystem, method, app string, anonymous bool){
		"node": sendFromNode, "go": sendFromGo,
	} {
		t.Run(name, func(t *testing.T) {
			send(t, s, "post", "known-"+name, false)
			expectKnown(t, s, "known-"+name)
			for _, method := range []string{"post", "get"} {
				send(t, s, method, "anonymous-"+name+method, true)
				expectAnonymous(t, s, "anonymous-"+name+method, "sp-anonymous")
			}
			send(t, s, "post", "strict-"+name, true)
			expectAnonymous(t, s, "strict-"+name, "strict")
			need.Ran(t, "anonymous "+name+" tracker", "wazero")
		})
	}
	s.host.stop(t)
}

// sendFromNode sends a page view and a structured event.
func sendFromNode(t *testing.T, s *sdkSystem, method, app string, anonymous bool) {
	t.Helper()
	s.forget()
	host, port := hostPort(t, s.url)
	startSDK(t, "snowplow", []string{"@snowplow/node-tracker"}, host, port, method, app, strconv.FormatBool(anonymous)).ends(t, 2)
}

// anonymously is the header that the Go tracker has no option for.
type anonymously struct{ http.RoundTripper }

func (a anonymously) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("SP-Anonymous", "*")
	return a.RoundTripper.RoundTrip(r)
}

// sendFromGo sends a page view and a structured event.
func sendFromGo(t *testing.T, s *sdkSystem, method, app string, anonymous bool) {
	t.Helper()
	s.forget()
	var transport http.RoundTripper = new(http.Transport)
	if anonymous {
		transport = anonymously{transport}
	}
	accepted, failures := 0, 0
	emitter := sp.InitEmitter(
		sp.RequireCollectorUri(strings.TrimPrefix(s.url, "http://")),
		sp.RequireStorage(*memory.Init()),
		sp.OptionRequestType(strings.ToUpper(method)),
		sp.OptionProtocol("http"),
		sp.OptionHttpClient(&http.Client{Timeout: time.Minute, Transport: transport}),
		sp.OptionCallback(func(taken, failed []sp.CallbackResult) {
			for _, r := range taken {
				accepted += r.Count
			}
			failures += len(failed)
		}),
	)
	subject := sp.InitSubject()
	subject.SetUserId(somebody)
	subject.SetDomainUserId(domainID)
	subject.SetNetworkUserId(networkID)
	subject.SetDomainSessionId(sessionID)
	tracker := sp.InitTracker(sp.RequireEmitter(emitter), sp.OptionSubject(subject), sp.OptionAppId(app), sp.OptionNamespace("e2e"))
	tracker.TrackPageView(sp.PageViewEvent{PageUrl: common.NewString("https://shop.example/tea")})
	tracker.TrackStructEvent(sp.StructuredEvent{Category: common.NewString("newsletter"), Action: common.NewString("subscribe")})
	tracker.BlockingFlush(10, 50)
	if accepted != 2 || failures > 0 {
		t.Errorf("the tracker counted %d events accepted and %d failures", accepted, failures)
	}
}

// expectKnown wants a page view and a structured event of somebody, and the
// collector's cookie to have been offered.
func expectKnown(t *testing.T, s *sdkSystem, app string) {
	t.Helper()
	_, cookies := s.forget()
	if len(cookies) == 0 {
		t.Errorf("%s was given no cookie", app)
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c, "sp=") {
			t.Errorf("%s was given the cookie %q", app, c)
		}
	}
	for _, r := range expectViewAndStruct(t, s, app) {
		r.expect(t, "user_id", somebody, "domain_userid", domainID, "network_userid", networkID, "domain_sessionid", sessionID, "user_ipaddress", "203.0.113.0")
	}
}

// expectAnonymous wants the same of nobody. What the sender's own server said of
// a user and a session stays, unless the rule of the policy is strict.
func expectAnonymous(t *testing.T, s *sdkSystem, app, rule string) {
	t.Helper()
	if _, cookies := s.forget(); len(cookies) > 0 {
		t.Errorf("%s was given cookies: %q", app, cookies)
	}
	for _, r := range expectViewAndStruct(t, s, app) {
		expectNobody(t, r)
		expectReceipt(t, r, rule, "network_userid", "replace")
		expectReceipt(t, r, rule, "user_ipaddress", "drop")
		if rule != "strict" {
			r.expect(t, "user_id", somebody, "domain_userid", domainID, "domain_sessionid", sessionID)
			continue
		}
		for _, column := range []string{"user_id", "domain_userid", "domain_sessionid"} {
			r.expect(t, column, nil)
			expectReceipt(t, r, rule, column, "drop")
		}
		r.expectNowhere(t, `"`+somebody+`"`, domainID, sessionID)
	}
}

// expectNobody wants a row to hold neither an address nor an id of the network's.
func expectNobody(t *testing.T, r row) {
	t.Helper()
	r.expect(t, "network_userid", anonymousID, "user_ipaddress", nil)
	r.expectNowhere(t, networkID, strings.TrimSuffix(visitor, "77"))
}

func expectViewAndStruct(t *testing.T, s *sdkSystem, app string) []row {
	t.Helper()
	rows := s.await(t, "snowplow", app, 2)
	expectVerdicts(t, rows, "", "", "")
	byName := index(t, rows)
	byName["page_view"].expect(t, "page_url", "https://shop.example/tea")
	byName["event"].expect(t, "se_category", "newsletter", "se_action", "subscribe")
	return rows
}

func expectReceipt(t *testing.T, r row, rule, field, action string) {
	t.Helper()
	f := r.facts(t)
	for _, receipt := range f.Receipts {
		if receipt.Rule == rule && receipt.Field == field && receipt.Action == action {
			return
		}
	}
	t.Errorf("%v of %v: no receipt of %s for %s by %s among %+v", r["event_name"], r["app_id"], action, field, rule, f.Receipts)
}

// expectNowhere wants texts to stand in no column.
func (r row) expectNowhere(t *testing.T, texts ...string) {
	t.Helper()
	whole, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if strings.Contains(string(whole), text) {
			t.Errorf("%v of %v holds %s: %s", r["event_name"], r["app_id"], text, whole)
		}
	}
}

// anonymousBrowser visits a page with a browser that knows nothing: anonymously,
// then as somebody, then anonymously again.
func anonymousBrowser(t *testing.T, s *sdkSystem) {
	page := servePage(t, "snowplow.html", "/snowplow.js", filepath.Join(need.Package(t, "@snowplow/browser-tracker"), "dist", "index.umd.min.js"))
	tab := browser.Open(t)
	s.forget()
	tab.Run(chromedp.Navigate(page + "/?app=browser&anonymous=true&collector=" + url.QueryEscape(s.url)))
	visits := 0
	view := func(title string) {
		visits++
		tab.Run(chromedp.Evaluate(fmt.Sprintf(`tracker.trackPageView({title: %q})`, title), nil))
		tab.Wait(fmt.Sprintf("answers.length >= %d", visits))
	}
	tracker := func(call string) { tab.Run(chromedp.Evaluate("tracker."+call, nil)) }

	view("before consent")
	if _, cookies := s.forget(); len(cookies) > 0 {
		t.Errorf("an anonymous visitor was given cookies: %q", cookies)
	}
	if cookie := collectorCookie(tab, s.url); cookie != nil {
		t.Errorf("an anonymous visitor has the cookie %+v", cookie)
	}
	kept := ""
	tab.Eval(`document.cookie + JSON.stringify({...localStorage, ...sessionStorage})`, &kept)
	if kept != "{}" {
		t.Errorf("the tracker of an anonymous visitor keeps %s", kept)
	}

	tracker(`disableAnonymousTracking({stateStorageStrategy: "cookieAndLocalStorage"})`)
	view("known")
	cookie := collectorCookie(tab, s.url)
	if cookie == nil {
		t.Fatal("the collector's cookie was not kept")
	}

	s.forget()
	tracker(`enableAnonymousTracking({options: {withServerAnonymisation: true}, stateStorageStrategy: "none"})`)
	tracker(`clearUserData()`)
	view("consent withdrawn")
	if left := collectorCookie(tab, s.url); left != nil {
		t.Errorf("the collector's cookie outlived the wish for anonymity: %+v", left)
	}
	if _, cookies := s.forget(); strings.Contains(strings.Join(cookies, "\n"), cookie.Value) {
		t.Errorf("the visitor's id was sent back to be kept: %q", cookies)
	}
	tab.Wait(`document.cookie === ""`)
	var answers []any
	tab.Eval(`answers`, &answers)
	same(t, "what the tracker was answered", answers, `[200,200,200]`)
	for _, c := range tab.Complaints() {
		t.Errorf("the page complained: %s", c)
	}

	rows := s.await(t, "snowplow", "browser", 3)
	expectVerdicts(t, rows, "", "", "")
	known := ""
	for _, r := range rows {
		if r["page_title"] == "known" {
			r.expect(t, "user_id", somebody, "network_userid", cookie.Value, "user_ipaddress", "203.0.113.0")
			known, _ = r["domain_userid"].(string)
			if known == "" || r["domain_sessionid"] == nil {
				t.Errorf("domain_userid is %v, domain_sessionid %v", r["domain_userid"], r["domain_sessionid"])
			}
			if session := r.entity(t, clientSession); session["userId"] != known {
				t.Errorf("the session of %s is %v", known, session)
			}
		}
	}
	for _, r := range rows {
		if r["page_title"] == "known" {
			continue
		}
		expectNobody(t, r)
		r.expect(t, "user_id", nil, "domain_userid", nil, "domain_sessionid", nil)
		r.expectNowhere(t, `"`+somebody+`"`, known, cookie.Value)
		if session := r.entity(t, clientSession); session["userId"] != nil {
			t.Errorf("%v has the session %v", r["page_title"], session)
		}
	}
}

const clientSession = "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2"
