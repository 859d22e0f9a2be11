package collector

import (
	"reflect"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
	"weir/edge/protocol/selfdescribing"
	"weir/edge/protocol/snowplow"
)

var noConsent, _ = privacy.ParseSignal("no_consent")

func TestParseSettings(t *testing.T) {
	for _, nothing := range []string{"", " \n", "{}"} {
		s, err := ParseSettings([]byte(nothing))
		if err != nil || !reflect.DeepEqual(s, defaults()) {
			t.Errorf("%q: %+v, %v", nothing, s, err)
		}
	}
	full := `{
		"ack": "queued", "strict": true, "preflight_max_age": 60, "retry_after": 30,
		"documents": [{"path": "/acme/events", "schema": "self.schema", "data": "payload", "contexts": "a.b.c"}, {"path": "/acme/whole", "schema": "$schema"}],
		"acks": [{"apps": ["shop*"], "schemas": ["iglu:com.acme/*"], "ack": "delivered"}, {"ack": "fast"}],
		"paths": {"/com.acme/track": "/com.snowplowanalytics.snowplow/tp2", "/a/b": "/i"},
		"cookie": {"enabled": false, "name": "n", "domains": ["a.example", "b.example"], "fallback_domain": "c.example",
			"max_age": 7, "secure": true, "http_only": false, "same_site": "STRICT", "client_name": "m",
			"bounce": {"enabled": false, "parameter": "back", "fallback_id": "00000000-0000-4000-A000-000000000001"}},
		"limits": {"body": 1, "inflated": 2, "events": 3, "entities": 4, "depth": 5, "batch": 16384},
		"privacy": {"ipv4_prefix": 8, "ipv6_prefix": 16, "geo": "country",
			"signals": [{"name": "s", "signals": ["gpc", "no_consent"], "regions": ["EEA", "US-CA"], "apps": ["shop*"], "do": "anonymise"}, {"name": "t", "do": "pass"}]},
		"redirects": {"hosts": ["www.shop.example", "shop.example:8443"], "default_path": false},
		"do_not_track": {"name": "optout", "value": "yes*"}, "crossdomain": {"domains": ["*", "*.shop.example"], "secure": false}, "hsts_max_age": 31536000,
		"root": {"status": 302, "headers": {"Location": "https://www.example.org/"}, "body": "moved"}
	}`
	got, err := ParseSettings([]byte(full))
	want := Settings{
		Ack: envelope.AckQueued, Strict: true, PreflightMaxAge: 60, RetryAfter: 30,
		Acks:      []AckRule{{Apps: []string{"shop*"}, Schemas: []string{"iglu:com.acme/*"}, Ack: envelope.AckDelivered}, {Ack: envelope.AckFast}},
		Documents: []protocol.Document{{Path: "/acme/events", Schema: []string{"self", "schema"}, Data: []string{"payload"}, Contexts: []string{"a", "b", "c"}}, {Path: "/acme/whole", Schema: []string{"$schema"}}},
		Paths:     []PathMapping{{"/com.acme/track", "/com.snowplowanalytics.snowplow/tp2"}, {"/a/b", "/i"}},
		Cookie: Cookie{Name: "n", Domains: []string{"a.example", "b.example"}, FallbackDomain: "c.example",
			MaxAge: 7, Secure: true, SameSite: "Strict", ClientName: "m",
			Bounce: Bounce{Parameter: "back", FallbackID: "00000000-0000-4000-A000-000000000001"}, Extension: Extension{Name: "sp_extension"}},
		Limits: Limits{1, 2, 3, 4, 5, 16384},
		Privacy: privacy.Rules{IPv4Prefix: 8, IPv6Prefix: 16, Geo: privacy.Country, Signals: []privacy.SignalRule{
			{Name: "s", Signals: privacy.GPC | noConsent, Regions: []string{"EEA", "US-CA"}, Apps: []string{"shop*"}, Do: privacy.Anonymise}, {Name: "t"}}},
		Redirects:  Redirects{Hosts: []string{"www.shop.example", "shop.example:8443"}},
		DoNotTrack: DoNotTrack{"optout", "yes*"},
		Crossdomain: Crossdomain{Domains: []string{"*", "*.shop.example"}, page: []byte("<?xml version=\"1.0\"?>\n<cross-domain-policy>\n" +
			"  <allow-access-from domain=\"*\" secure=\"false\" />\n  <allow-access-from domain=\"*.shop.example\" secure=\"false\" />\n</cross-domain-policy>\n")},
		HSTSMaxAge: 31536000,
		Root:       Root{302, []protocol.Header{{Name: "Location", Value: "https://www.example.org/"}}, []byte("moved")},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestSettingsErrorsNameTheMember(t *testing.T) {
	for settings, want := range map[string]string{
		`[]`:               "settings: must be an object",
		`{`:                "settings: the document ends inside a value",
		`{} x`:             "unexpected data after the value",
		`{"akc":"stored"}`: "settings: akc: there is no such setting",
		`{"ack":"maybe"}`:  "settings: ack: must be stored, delivered, queued or fast",
		`{"ack":5}`:        "settings: ack: must be",
		`{"webhooks":{}}`:  "settings: webhooks: must be an array of webhooks",
		`{"webhooks":[{"scheme":"github","secrets":["0123456789abcdef"]}]}`:  "settings: webhooks.0: needs a path",
		`{"webhooks":[{"path":"/a","secrets":["0123456789abcdef"]}]}`:        "settings: webhooks.0: needs a scheme",
		`{"webhooks":[{"path":"/a","scheme":"github"}]}`:                     "settings: webhooks.0.secrets: needs a secret",
		`{"webhooks":[{"path":"/a","scheme":"github","secrets":["short"]}]}`: "settings: webhooks.0.secrets: must have at least 16 bytes",
		`{"webhooks":[{"path":"a","scheme":"github"}]}`:                      "settings: webhooks.0.path: must begin with a slash",
		`{"webhooks":[{"path":"/a","scheme":"gitlab"}]}`:                     "settings: webhooks.0.scheme: must be standard, stripe",
		`{"acks":{}}`: "settings: acks: must be an array of rules",
		`{"acks":[{"ack":"fast"},{"apps":["a"]}]}`:                              "settings: acks.1: needs ack",
		`{"acks":[{"ack":"soon"}]}`:                                             "settings: acks.0.ack: must be stored, delivered, queued or fast",
		`{"acks":[{"app":["a"],"ack":"fast"}]}`:                                 "settings: acks.0.app: there is no such setting",
		`{"strict":"yes"}`:                                                      "settings: strict: must be true or false",
		`{"strict":true,"strict":true}`:                                         "settings: strict: occurs twice",
		`{"cookie":{"nmae":"x"}}`:                                               "settings: cookie.nmae: there is no such setting",
		`{"cookie":{"name":"a b"}}`:                                             "settings: cookie.name: must be a cookie name",
		`{"cookie":{"name":""}}`:                                                "settings: cookie.name",
		`{"cookie":{"same_site":"some"}}`:                                       "settings: cookie.same_site: must be None, Lax or Strict",
		`{"cookie":{"secure":false}}`:                                           "settings: cookie: same_site None needs secure",
		`{"cookie":{"domains":"x"}}`:                                            "settings: cookie.domains: must be an array",
		`{"cookie":{"domains":[".x.example"]}`:                                  "settings: cookie.domains: must be domain names",
		`{"cookie":{"domains":["x; Secure"]}`:                                   "settings: cookie.domains: must be domain names",
		`{"cookie":{"max_age":99999999}}`:                                       "settings: cookie.max_age: must be an integer from 0 to 34128000",
		`{"cookie":5}`:                                                          "settings: cookie: must be an object",
		`{"limits":{"body":0}}`:                                                 "settings: limits.body: must be an integer from 1 to 16777216",
		`{"limits":{"events":1.5}}`:                                             "settings: limits.events: must be an integer",
		`{"limits":{"events":"5"}}`:                                             "settings: limits.events: must be an integer",
		`{"limits":{"batch":16383}}`:                                            "settings: limits.batch: must be an integer from 16384 to 67108864",
		`{"paths":{"/a":"/b/c"}}`:                                               "settings: paths./a: a path to map must be /vendor/version",
		`{"paths":{"/a/b":"c"}}`:                                                "settings: paths./a/b: must be the path of an adapter",
		`{"privacy":{"geo":"house"}}`:                                           "settings: privacy.geo: must be country, region, city or coordinates",
		`{"privacy":{"ipv4_prefix":33}}`:                                        "settings: privacy.ipv4_prefix: must be an integer from 0 to 32",
		`{"privacy":{"signals":[{"do":"pass"}]}}`:                               "settings: privacy.signals.0: needs a name",
		`{"privacy":{"signals":[{"name":"a"}]}}`:                                "settings: privacy.signals.0: needs do",
		`{"privacy":{"signals":[{"name":"a","do":"hide"}]}}`:                    "settings: privacy.signals.0.do: must be pass, anonymise",
		`{"privacy":{"signals":[{"name":"a","signals":["gcp"],"do":"pass"}]}}`:  "settings: privacy.signals.0.signals: must be of sp_anonymous, gpc",
		`{"privacy":{"signals":[{"name":"a","regions":["de"],"do":"pass"}]}}`:   "settings: privacy.signals.0.regions: must be countries such as DE",
		`{"privacy":{"signals":[{"name":"a","region":["DE"],"do":"pass"}]}}`:    "settings: privacy.signals.0.region: there is no such setting",
		`{"documents":{}}`:                                                      "settings: documents: must be an array of documents",
		`{"documents":[{"schema":"a"}]}`:                                        "settings: documents.0: needs a path",
		`{"documents":[{"path":"/a"}]}`:                                         "settings: documents.0: needs schema",
		`{"documents":[{"path":"a","schema":"a"}]}`:                             "settings: documents.0.path: must be a path",
		`{"documents":[{"path":"/a?b","schema":"a"}]}`:                          "settings: documents.0.path: must be a path",
		`{"documents":[{"path":"/a","schema":"a..b"}]}`:                         "settings: documents.0.schema: must be names of members",
		`{"documents":[{"path":"/a","schema":""}]}`:                             "settings: documents.0.schema: must be names of members",
		`{"documents":[{"path":"/a","schema":"a","data":"a.b.c.d.e.f.g.h.i"}]}`: "settings: documents.0.data: must be names of members",
		`{"documents":[{"path":"/a","schema":"a","payload":"b"}]}`:              "settings: documents.0.payload: there is no such setting",
		`{"redirects":{"hosts":["shop.example/"]}}`:                             "settings: redirects.hosts: must be hosts as they stand in a URL",
		`{"redirects":{"hosts":["https://shop.example"]}}`:                      "settings: redirects.hosts: must be hosts",
		`{"redirects":{"hosts":["a@shop.example"]}}`:                            "settings: redirects.hosts: must be hosts",
		`{"redirects":{"hosts":["*.shop.example"]}}`:                            "settings: redirects.hosts: must be hosts",
		`{"redirects":{"hosts":["shop.example:"]}}`:                             "settings: redirects.hosts: must be hosts",
		`{"redirects":{"hosts":[""]}}`:                                          "settings: redirects.hosts: must be hosts",
		`{"redirects":{"domains":["shop.example"]}}`:                            "settings: redirects.domains: there is no such setting",
		`{"do_not_track":{"name":"optout"}}`:                                    "settings: do_not_track: needs the name and the value of a cookie",
		`{"do_not_track":{"value":"1"}}`:                                        "settings: do_not_track: needs the name and the value of a cookie",
		`{"do_not_track":{"name":"opt out","value":"1"}}`:                       "settings: do_not_track.name: must be a cookie name",
		`{"do_not_track":{"enabled":true}}`:                                     "settings: do_not_track.enabled: there is no such setting",
		`{"crossdomain":{}}`:                                                    "settings: crossdomain: needs domains",
		`{"crossdomain":{"domains":["*"],"secure":1}}`:                          "settings: crossdomain.secure: must be true or false",
		`{"crossdomain":{"domains":["a\" />"]}}`:                                "settings: crossdomain.domains: must be domain names",
		`{"crossdomain":{"domains":["*.*.example"]}}`:                           "settings: crossdomain.domains: must be domain names",
		`{"crossdomain":{"domain":"*"}}`:                                        "settings: crossdomain.domain: there is no such setting",
		`{"hsts_max_age":-1}`:                                                   "settings: hsts_max_age: must be an integer from 0 to 63072000",
		`{"cookie":{"bounce":{"enabled":true,"parameter":"a=b"}}}`:              "settings: cookie.bounce.parameter: must be made of letters",
		`{"cookie":{"bounce":{"enabled":true,"fallback_id":"none"}}}`:           "settings: cookie.bounce.fallback_id: must be a UUID",
		`{"cookie":{"bounce":{"url":"x"}}}`:                                     "settings: cookie.bounce.url: there is no such setting",
		`{"cookie":{"enabled":false,"bounce":{"enabled":true}}}`:                "settings: cookie: bounce and extension need the cookie",
		`{"cookie":{"enabled":false,"extension":{"path":"/extension"}}}`:        "settings: cookie: bounce and extension need the cookie",
		`{"cookie":{"extension":{"name":"e"}}}`:                                 "settings: cookie.extension: needs a path",
		`{"cookie":{"extension":{"path":"extension"}}}`:                         "settings: cookie.extension.path: must be a path",
		`{"cookie":{"extension":{"path":"/a?b"}}}`:                              "settings: cookie.extension.path: must be a path",
		`{"cookie":{"extension":{"path":"/a","name":"a b"}}}`:                   "settings: cookie.extension.name: must be a cookie name",
		`{"cookie":{"extension":{"path":"/a","name":"sp"}}}`:                    "settings: cookie: extension.name must be the name of a cookie of its own",
		`{"cookie":{"extension":{"path":"/a","max_age":1}}}`:                    "settings: cookie.extension.max_age: there is no such setting",
		`{"root":{"body":"x"}}`:                                                 "settings: root: root.status is missing",
		`{"root":{"headers":{"Bad Name":"x"}}}`:                                 "settings: root.headers.Bad Name: must be the name of a header",
		`{"root":{"headers":{"":"x"}}}`:                                         "settings: root.headers.: must be the name of a header",
		`{"root":{"headers":{"A":"x\ny"}}}`:                                     "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"A":" x"}}}`:                                       "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"A":"é"}}}`:                                        "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"content-length":"5"}}}`:                           "settings: root.headers.content-length: is for the server alone to set",
		`{"cookie":{"domains":["münchen.example"]}`:                             "settings: cookie.domains: must be domain names",
	} {
		if _, err := ParseSettings([]byte(settings)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
		if _, err := New([]byte(settings), nil); err == nil {
			t.Errorf("New takes %s", settings)
		}
	}
	if _, err := New(nil, []byte("no bundle")); err == nil || !strings.Contains(err.Error(), "opening the bundle of schemas") {
		t.Errorf("a bundle that is none: %v", err)
	}
}

func TestPathsLeadToAnAdapter(t *testing.T) {
	for target, ok := range map[string]bool{"/i": true, "/com.snowplowanalytics.snowplow/tp2": true, "/health": false, "/com.acme/other": false, "/i?e=pv": false} {
		_, err := New([]byte(`{"paths":{"/com.acme/track":"`+target+`"}}`), nil, snowplow.New())
		if ok && err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if want := "settings: paths./com.acme/track: no protocol reads " + target; !ok && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
}

func TestRedirectsAreMappedToWhereTheyAreAllowed(t *testing.T) {
	const path = `"paths":{"/com.acme/click":"/r/tp2"}`
	if _, err := New([]byte("{"+path+`,"redirects":{"hosts":["shop.example"],"default_path":false}}`), nil, snowplow.New()); err != nil {
		t.Error(err)
	}
	const want = "settings: paths./com.acme/click: /r/tp2 leads nowhere: redirects.hosts lists no host"
	if _, err := New([]byte("{"+path+"}"), nil, snowplow.New()); err == nil || err.Error() != want {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestDocumentsHavePathsOfTheirOwn(t *testing.T) {
	for paths, ok := range map[string]bool{"/acme/events": true, "/i": false, selfdescribing.Path: false, "/a /b": true, "/a /a": false} {
		var list []string
		for _, path := range strings.Fields(paths) {
			list = append(list, `{"path":"`+path+`","schema":"schema"}`)
		}
		_, err := New([]byte(`{"documents":[`+strings.Join(list, ",")+`]}`), nil, snowplow.New(), selfdescribing.New())
		if ok != (err == nil) {
			t.Errorf("%s: %v", paths, err)
		}
	}
	if _, err := New([]byte(`{"documents":[{"path":"/acme/events","schema":"s"}],"paths":{"/a/b":"/acme/events"}}`), nil, selfdescribing.New()); err != nil {
		t.Errorf("a path that is mapped to documents: %v", err)
	}
}

func TestExtensionHasAPathOfItsOwn(t *testing.T) {
	for path, ok := range map[string]bool{"/extension": true, "/i": false, "/com.snowplowanalytics.snowplow/tp2": false} {
		_, err := New([]byte(`{"cookie":{"extension":{"path":"`+path+`"}}}`), nil, snowplow.New())
		if ok != (err == nil) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// Each of these leads a browser somewhere else than to shop.example, or may.
func TestRedirectsLeadNowhereElse(t *testing.T) {
	r := Redirects{Hosts: []string{"shop.example", "shop.example:8443"}}
	for _, url := range []string{
		"", "shop.example", "//shop.example", "/shop.example", "https:shop.example", "https:/shop.example", "https:///shop.example", "javascript://shop.example/%0aalert(1)",
		"ftp://shop.example", "data:text/html,https://shop.example", "https://shop.example.evil.example", "https://evilshop.example", "https://evil.example/https://shop.example",
		"https://shop.example@evil.example", "https://evil.example\\@shop.example", "https://evil.example@shop.example", "https://evil.example?@shop.example", "https://evil.example#@shop.example",
		"https://shop.example\\.evil.example", "https://shop.example\t.evil.example", " https://shop.example", "https://shop.example/\r\nSet-Cookie: a=b", "https://shop.example/\x00", "https://shop.example/é",
		"https://shop.example:80", "https://shop.example:8443@evil.example", "https://shop.example.", "https://[shop.example]", "https://shop.example:8443:443", "https://shop%2eexample", "https://a.shop.example",
	} {
		if r.allow(url) {
			t.Errorf("%q is allowed", url)
		}
	}
	for _, url := range []string{"https://shop.example", "http://shop.example/", "HTTPS://Shop.Example/a?b#c", "https://shop.example?b", "https://shop.example#c", "https://shop.example:8443/@evil.example", "https://shop.example/\"<>"} {
		if !r.allow(url) {
			t.Errorf("%q is refused", url)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	f.Add([]byte(`{"ack":"fast","paths":{"/a/b":"/i"},"cookie":{"domains":["a"],"max_age":1},"root":{"status":200,"headers":{"a":"b"}}}`))
	f.Add([]byte(`{"limits":{"body":1},"privacy":{"geo":"city","ipv4_prefix":0},"strict":tru`))
	f.Fuzz(func(t *testing.T, json []byte) {
		s, err := ParseSettings(json)
		if err != nil {
			return
		}
		if l := s.Limits; l.Body < 1 || l.Inflated < 1 || l.Events < 1 || l.Depth < 2 {
			t.Fatalf("limits out of range: %+v", l)
		}
		for _, domain := range append(s.Cookie.Domains, s.Cookie.Name+"x", s.Cookie.Extension.Name, s.Cookie.Bounce.Parameter) {
			if strings.ContainsAny(domain, "; ,\r\n") {
				t.Fatalf("%q would break a Set-Cookie header", domain)
			}
		}
		for _, h := range s.Root.Headers {
			if h.Name == "" || strings.ContainsAny(h.Name, " :\r\n") || strings.ContainsAny(h.Value, "\x00\r\n") {
				t.Fatalf("%q would break an answer", h)
			}
		}
	})
}
