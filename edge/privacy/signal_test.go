package privacy

import (
	"strings"
	"testing"

	"weir/edge/envelope"
)

func TestDecide(t *testing.T) {
	table := []SignalRule{
		{Name: "shop", Apps: []string{"shop-*"}, Signals: GPC, Do: Pass},
		{Name: "california", Signals: GPC, Regions: []string{"US-CA"}, Do: DropEvent},
		{Name: "eea", Signals: noConsent, Regions: []string{"EEA", "GB"}, Do: DropIdentifiers},
		{Name: "denied", Signals: ConsentDenied | DNT, Do: Anonymise},
	}
	rules := Rules{Signals: table}
	for _, c := range []struct {
		signals         Signals
		country, region string
		app             string
		want            Stance
		rule            string
	}{
		{0, "US", "CA", "web", Pass, ""},
		{0, "JP", "", "web", Pass, ""},
		{0, "DE", "BE", "web", DropIdentifiers, "eea"},
		{0, "NO", "", "web", DropIdentifiers, "eea"},
		{0, "GB", "ENG", "web", DropIdentifiers, "eea"},
		{0, "CH", "ZH", "web", Pass, ""},
		{ConsentGranted, "DE", "", "web", Pass, ""},
		{ConsentDenied, "DE", "", "web", DropIdentifiers, "eea"},
		{ConsentDenied, "JP", "", "web", Anonymise, "denied"},
		{DNT, "JP", "", "web", Anonymise, "denied"},
		{GPC, "US", "CA", "web", DropEvent, "california"},
		{GPC, "US", "CA", "shop-1", Pass, "shop"},
		{GPC, "US", "NV", "web", Pass, ""},
		{GPC, "US", "", "web", DropEvent, "california"}, // the CDN may not know the state
		{GPC, "", "", "web", DropEvent, "california"},   // nor the country
		{0, "", "", "web", DropIdentifiers, "eea"},
		{SPAnonymous, "JP", "", "web", Anonymise, "sp-anonymous"},
		{SPAnonymous | GPC, "US", "CA", "shop-1", Anonymise, "sp-anonymous"},
		{SPAnonymous, "DE", "", "web", DropIdentifiers, "eea"},
	} {
		l := envelope.Location{Country: c.country, Region: c.region}
		if got, rule := rules.Decide(c.signals, &l, c.app); got != c.want || rule != c.rule {
			t.Errorf("%b in %s-%s from %s: %d by %q, want %d by %q", c.signals, c.country, c.region, c.app, got, rule, c.want, c.rule)
		}
	}
}

func TestDefaultHeedsGPCAndDNT(t *testing.T) {
	rules := Default
	for signals, want := range map[Signals]Stance{0: Pass, GPC: DropIdentifiers, DNT: DropIdentifiers, SPAnonymous: Anonymise, ConsentDenied: Pass} {
		if got, _ := rules.Decide(signals, &envelope.Location{Country: "JP"}, "web"); got != want {
			t.Errorf("%b: %d, want %d", signals, got, want)
		}
	}
}

func TestRegions(t *testing.T) {
	for region, want := range map[string]bool{"DE": true, "US-CA": true, "EU": true, "EEA": true, "GB-ENG": true, "FR-75": true,
		"de": false, "USA": false, "": false, "US-": false, "US-ca": false, "DE ": false, "US-CALI": false} {
		if IsRegion(region) != want {
			t.Errorf("%q: %t", region, !want)
		}
	}
	union, area := 0, 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			country := string(a) + string(b)
			if isMember("EU", country) {
				union++
			}
			if isMember("EEA", country) {
				area++
			}
		}
	}
	if union != 27 || area != 30 {
		t.Errorf("%d states are in the union and %d in the area, want 27 and 30", union, area)
	}
	if isMember("EEA", "E") || isMember("EEA", "") || isMember("EEA", "T B") {
		t.Error("what is no country is a member")
	}
}

func TestDropIdentifiers(t *testing.T) {
	var arena envelope.Arena
	var e envelope.Event
	const canary = "canary-3f1c"
	for _, f := range []envelope.Field{envelope.UserID, envelope.DomainUserID, envelope.DomainSessionID, envelope.UserFingerprint, envelope.NetworkUserID, envelope.RefrDomainUserID} {
		e.Set(f, canary)
	}
	e.Set(envelope.PageURL, "https://www.shop.example/")
	e.Reject("duid", canary)
	e.Payload = "duid=" + canary
	rules := Default
	rules.Treat(DropIdentifiers, "gpc-dnt")
	rules.Apply(&arena, &e)
	session := envelope.SelfDescribing{Schema: "iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2",
		Data: []byte(`{"userId":"` + canary + `","sessionId":"` + canary + `","sessionIndex":3,"previousSessionId":null,"storageMechanism":"COOKIE_1"}`)}
	rules.Redact(&arena, &e, &session, "contexts", nil, false)
	e.Contexts = append(e.Contexts, session)
	out := string(e.AppendJSON(nil, &envelope.Header{}, &envelope.Location{}, 0))
	if strings.Contains(out, canary) {
		t.Errorf("an identifier is kept: %s", out)
	}
	if !strings.Contains(out, `"page_url":"https://www.shop.example/"`) || !strings.Contains(out, `"sessionIndex":3`) {
		t.Errorf("more than identifiers is gone: %s", out)
	}
	for _, field := range []string{"user_id", "domain_userid", "domain_sessionid", "network_userid", "contexts.userId", "weir.payload"} {
		if !strings.Contains(out, `{"rule":"gpc-dnt","field":"`+field+`"`) && !strings.Contains(out, `"field":"`+field+`"`) {
			t.Errorf("there is no receipt for %s: %s", field, out)
		}
	}
	if !e.Redacted {
		t.Error("the event does not say that it was changed")
	}
}

func TestConsent(t *testing.T) {
	const preferences, gdpr = snowplowVendor + "consent_preferences/jsonschema/1-0-0", snowplowVendor + "gdpr/jsonschema/1-0-0"
	for _, c := range []struct {
		schema, data string
		want         Signals
	}{
		{snowplowVendor + "consent_granted/jsonschema/1-0-0", `{}`, ConsentGranted},
		{snowplowVendor + "consent_withdrawn/jsonschema/1-0-0", `{"all":false}`, ConsentDenied},
		{preferences, `{"eventType":"allow_all","basisForProcessing":"consent"}`, ConsentGranted},
		{preferences, `{"eventType":"deny_all","basisForProcessing":"consent","gdprApplies":true}`, ConsentDenied},
		{preferences, `{"eventType":"withdrawn"}`, ConsentDenied},
		{preferences, `{"eventType":"expired"}`, ConsentDenied},
		{preferences, `{"eventType":"pending"}`, 0},
		{preferences, `{"eventType":"implicit_consent"}`, 0},
		{preferences, `{"consentScopes":["necessary","statistics"],"eventType":"allow_selected"}`, ConsentGranted},
		{preferences, `{"eventType":"allow_selected","consentScopes":["necessary",{"a":["analytics"]},5]}`, ConsentDenied},
		{preferences, `{"eventType":"allow_selected"}`, ConsentDenied},
		{preferences, `{"eventType":"deny_all","consentScopes":["analytics"]}`, ConsentDenied},
		{preferences, `{"eventType":5,"basisForProcessing":["contract"]}`, 0},
		{preferences, `["allow_all"]`, 0},
		{gdpr, `{"basisForProcessing":"consent"}`, 0},
		{gdpr, `{"basisForProcessing":"legal_obligation","eventType":"allow_all"}`, OtherBasis},
		{"iglu:com.acme/consent_granted/jsonschema/1-0-0", `{}`, 0},
		{snowplowVendor + "consent_document/jsonschema/1-0-0", `{"id":"1","version":"1"}`, 0},
	} {
		p := envelope.SelfDescribing{Schema: c.schema, Data: []byte(c.data)}
		rules := Default
		for _, e := range []*envelope.Event{{Unstruct: p}, {Contexts: []envelope.SelfDescribing{{Schema: "iglu:a/b/c/1-0-0", Data: []byte("{}")}, p}}} {
			if got := rules.Consent(e); got != c.want {
				t.Errorf("%s %s: %b, want %b", c.schema, c.data, got, c.want)
			}
		}
	}
	if got := (GPC | ConsentGranted).Combine(ConsentDenied); got != GPC|ConsentDenied {
		t.Errorf("granted and denied: %b", got)
	}
}

func TestConsentAllocatesNothing(t *testing.T) {
	rules := Default
	e := envelope.Event{Unstruct: envelope.SelfDescribing{Schema: snowplowVendor + "consent_preferences/jsonschema/1-0-0", Data: []byte(`{"eventType":"allow_selected","consentScopes":["a"]}`)}}
	if n := testing.AllocsPerRun(100, func() { rules.Consent(&e) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
