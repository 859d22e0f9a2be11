package collector

import (
	"reflect"
	"strings"
	"testing"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
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
		"acks": [{"apps": ["shop*"], "schemas": ["iglu:com.acme/*"], "ack": "delivered"}, {"ack": "fast"}],
		"paths": {"/com.acme/track": "/com.snowplowanalytics.snowplow/tp2", "/a/b": "/i"},
		"cookie": {"enabled": false, "name": "n", "domains": ["a.example", "b.example"], "fallback_domain": "c.example",
			"max_age": 7, "secure": true, "http_only": false, "same_site": "STRICT", "client_name": "m"},
		"limits": {"body": 1, "inflated": 2, "events": 3, "entities": 4, "depth": 5, "batch": 16384},
		"privacy": {"ipv4_prefix": 8, "ipv6_prefix": 16, "geo": "country",
			"signals": [{"name": "s", "signals": ["gpc", "no_consent"], "regions": ["EEA", "US-CA"], "apps": ["shop*"], "do": "anonymise"}, {"name": "t", "do": "pass"}]},
		"root": {"status": 302, "headers": {"Location": "https://www.example.org/"}, "body": "moved"}
	}`
	got, err := ParseSettings([]byte(full))
	want := Settings{
		Ack: envelope.AckQueued, Strict: true, PreflightMaxAge: 60, RetryAfter: 30,
		Acks:  []AckRule{{Apps: []string{"shop*"}, Schemas: []string{"iglu:com.acme/*"}, Ack: envelope.AckDelivered}, {Ack: envelope.AckFast}},
		Paths: []PathMapping{{"/com.acme/track", "/com.snowplowanalytics.snowplow/tp2"}, {"/a/b", "/i"}},
		Cookie: Cookie{Name: "n", Domains: []string{"a.example", "b.example"}, FallbackDomain: "c.example",
			MaxAge: 7, Secure: true, SameSite: "Strict", ClientName: "m"},
		Limits: Limits{1, 2, 3, 4, 5, 16384},
		Privacy: privacy.Rules{IPv4Prefix: 8, IPv6Prefix: 16, Geo: privacy.Country, Signals: []privacy.SignalRule{
			{Name: "s", Signals: privacy.GPC | noConsent, Regions: []string{"EEA", "US-CA"}, Apps: []string{"shop*"}, Do: privacy.Anonymise}, {Name: "t"}}},
		Root: Root{302, []protocol.Header{{Name: "Location", Value: "https://www.example.org/"}}, []byte("moved")},
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
		`{"acks":[{"ack":"fast"},{"apps":["a"]}]}`:                             "settings: acks.1: needs ack",
		`{"acks":[{"ack":"soon"}]}`:                                            "settings: acks.0.ack: must be stored, delivered, queued or fast",
		`{"acks":[{"app":["a"],"ack":"fast"}]}`:                                "settings: acks.0.app: there is no such setting",
		`{"strict":"yes"}`:                                                     "settings: strict: must be true or false",
		`{"strict":true,"strict":true}`:                                        "settings: strict: occurs twice",
		`{"cookie":{"nmae":"x"}}`:                                              "settings: cookie.nmae: there is no such setting",
		`{"cookie":{"name":"a b"}}`:                                            "settings: cookie.name: must be a cookie name",
		`{"cookie":{"name":""}}`:                                               "settings: cookie.name",
		`{"cookie":{"same_site":"some"}}`:                                      "settings: cookie.same_site: must be None, Lax or Strict",
		`{"cookie":{"secure":false}}`:                                          "settings: cookie: same_site None needs secure",
		`{"cookie":{"domains":"x"}}`:                                           "settings: cookie.domains: must be an array",
		`{"cookie":{"domains":[".x.example"]}`:                                 "settings: cookie.domains: must be domain names",
		`{"cookie":{"domains":["x; Secure"]}`:                                  "settings: cookie.domains: must be domain names",
		`{"cookie":{"max_age":99999999}}`:                                      "settings: cookie.max_age: must be an integer from 0 to 34128000",
		`{"cookie":5}`:                                                         "settings: cookie: must be an object",
		`{"limits":{"body":0}}`:                                                "settings: limits.body: must be an integer from 1 to 16777216",
		`{"limits":{"events":1.5}}`:                                            "settings: limits.events: must be an integer",
		`{"limits":{"events":"5"}}`:                                            "settings: limits.events: must be an integer",
		`{"limits":{"batch":16383}}`:                                           "settings: limits.batch: must be an integer from 16384 to 67108864",
		`{"paths":{"/a":"/b/c"}}`:                                              "settings: paths./a: a path to map must be /vendor/version",
		`{"paths":{"/a/b":"c"}}`:                                               "settings: paths./a/b: must be the path of an adapter",
		`{"privacy":{"geo":"house"}}`:                                          "settings: privacy.geo: must be country, region, city or coordinates",
		`{"privacy":{"ipv4_prefix":33}}`:                                       "settings: privacy.ipv4_prefix: must be an integer from 0 to 32",
		`{"privacy":{"signals":[{"do":"pass"}]}}`:                              "settings: privacy.signals.0: needs a name",
		`{"privacy":{"signals":[{"name":"a"}]}}`:                               "settings: privacy.signals.0: needs do",
		`{"privacy":{"signals":[{"name":"a","do":"hide"}]}}`:                   "settings: privacy.signals.0.do: must be pass, anonymise",
		`{"privacy":{"signals":[{"name":"a","signals":["gcp"],"do":"pass"}]}}`: "settings: privacy.signals.0.signals: must be of sp_anonymous, gpc",
		`{"privacy":{"signals":[{"name":"a","regions":["de"],"do":"pass"}]}}`:  "settings: privacy.signals.0.regions: must be countries such as DE",
		`{"privacy":{"signals":[{"name":"a","region":["DE"],"do":"pass"}]}}`:   "settings: privacy.signals.0.region: there is no such setting",
		`{"root":{"body":"x"}}`:                                                "settings: root: root.status is missing",
		`{"root":{"headers":{"Bad Name":"x"}}}`:                                "settings: root.headers.Bad Name: must be the name of a header",
		`{"root":{"headers":{"":"x"}}}`:                                        "settings: root.headers.: must be the name of a header",
		`{"root":{"headers":{"A":"x\ny"}}}`:                                    "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"A":" x"}}}`:                                      "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"A":"é"}}}`:                                       "settings: root.headers.A: must be the value of a header",
		`{"root":{"headers":{"content-length":"5"}}}`:                          "settings: root.headers.content-length: is for the server alone to set",
		`{"cookie":{"domains":["münchen.example"]}`:                            "settings: cookie.domains: must be domain names",
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
	for target, ok := range map[string]bool{"/i": true, "/com.snowplowanalytics.snowplow/tp2": true, "/r/tp2": false, "/health": false, "/com.acme/other": false, "/i?e=pv": false} {
		_, err := New([]byte(`{"paths":{"/com.acme/track":"`+target+`"}}`), nil, snowplow.New())
		if ok && err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if want := "settings: paths./com.acme/track: no protocol reads " + target; !ok && (err == nil || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", target, err, want)
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
		for _, domain := range append(s.Cookie.Domains, s.Cookie.Name+"x") {
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
