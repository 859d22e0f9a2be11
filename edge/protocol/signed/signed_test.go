package signed

import (
	"crypto/hmac"
	"crypto/sha256"
	stdbase64 "encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"testing"

	"weir/edge/protocol"
)

const (
	now    = 1_795_215_804_123
	secret = "it is a secret to everybody"
	body   = `{"hello":"world"}`
)

// sign does with the standard library what senders do.
func sign(key, message string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(message))
	return h.Sum(nil)
}

// signed are requests as the senders make them, at a time in seconds.
func signed(at int64) map[Scheme]*protocol.Request {
	ts := strconv.FormatInt(at, 10)
	request := func(headers ...string) *protocol.Request {
		r := &protocol.Request{Method: "POST", Body: []byte(body)}
		for i := 0; i < len(headers); i += 2 {
			r.Headers = append(r.Headers, protocol.Header{Name: headers[i], Value: headers[i+1]})
		}
		return r
	}
	base64 := stdbase64.StdEncoding.EncodeToString
	return map[Scheme]*protocol.Request{
		Standard: request("webhook-id", "msg_1", "webhook-timestamp", ts, "webhook-signature", "v1a,x v1,"+base64(sign("other", "x"))+" v1,"+base64(sign(secret, "msg_1."+ts+"."+body))),
		Stripe:   request("Stripe-Signature", "t="+ts+",v1="+strings.Repeat("0", 64)+",v1="+hex.EncodeToString(sign(secret, ts+"."+body))+",v0=00"),
		GitHub:   request("X-Hub-Signature-256", "sha256="+hex.EncodeToString(sign(secret, body))),
		Shopify:  request("X-Shopify-Hmac-SHA256", base64(sign(secret, body))),
		Slack:    request("X-Slack-Request-Timestamp", ts, "X-Slack-Signature", "v0="+hex.EncodeToString(sign(secret, "v0:"+ts+":"+body))),
	}
}

func verifier(t testing.TB, s Scheme, secrets ...string) *Verifier {
	t.Helper()
	for i := range secrets {
		if s == Standard {
			secrets[i] = "whsec_" + stdbase64.StdEncoding.EncodeToString([]byte(secrets[i]))
		}
	}
	v, err := New(s, secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerify(t *testing.T) {
	for scheme, r := range signed(now / 1000) {
		v := verifier(t, scheme, "a secret that was used before", secret)
		if !v.Verify(r, now) {
			t.Errorf("%s: what is signed is refused", schemes[scheme])
		}
		if verifier(t, scheme, "a secret that was used before").Verify(r, now) {
			t.Errorf("%s: another key verifies", schemes[scheme])
		}
		for i := range r.Body {
			r.Body[i] ^= 1
			if v.Verify(r, now) {
				t.Errorf("%s: a changed body verifies", schemes[scheme])
			}
			r.Body[i] ^= 1
		}
		for i := range r.Headers {
			h := &r.Headers[i]
			whole := h.Value
			// Every character of the signature that counts, and of id and time, matters.
			from, to := 0, len(strings.TrimRight(whole, "="))
			if scheme == Stripe {
				from, to = strings.LastIndex(whole, "v1="), strings.LastIndex(whole, ",")
			} else if scheme == Standard && h.Name == "webhook-signature" {
				from = strings.LastIndex(whole, " ") + 1
			}
			for j := from; j < to; j++ {
				other := byte('A')
				if whole[j]|0x20 == 'a' {
					other = 'Q'
				}
				h.Value = whole[:j] + string(other) + whole[j+1:]
				if v.Verify(r, now) {
					t.Errorf("%s: %s changed to %q verifies", schemes[scheme], h.Name, h.Value)
				}
			}
			h.Value = whole
		}
		if !v.Verify(r, now) {
			t.Errorf("%s: what is signed is refused the second time", schemes[scheme])
		}
		if v.Verify(&protocol.Request{Method: "POST", Body: []byte(body)}, now) {
			t.Errorf("%s: what is not signed verifies", schemes[scheme])
		}
		if n := testing.AllocsPerRun(20, func() { v.Verify(r, now) }); n != 0 {
			t.Errorf("%s: %v allocations", schemes[scheme], n)
		}
	}
}

// What was signed too long ago, or by a clock far ahead, is refused where the
// scheme has a timestamp.
func TestWindow(t *testing.T) {
	for _, seconds := range []int64{now/1000 - 301, now/1000 + 301} {
		for scheme, r := range signed(seconds) {
			timeless := scheme == GitHub || scheme == Shopify
			if verifier(t, scheme, secret).Verify(r, now) != timeless {
				t.Errorf("%s at %d: verifies is %t", schemes[scheme], seconds, !timeless)
			}
		}
	}
	for _, bad := range []string{"", "-1", "1795215804.1", "1795215804x", "99999999999999999999"} {
		if recent(bad, now) {
			t.Errorf("%q is taken for a time", bad)
		}
	}
}

// The example in Slack's documentation of request signing.
func TestSlackExample(t *testing.T) {
	r := &protocol.Request{Method: "POST", Headers: []protocol.Header{
		{Name: "X-Slack-Request-Timestamp", Value: "1531420618"},
		{Name: "X-Slack-Signature", Value: "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"},
	}, Body: []byte("token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c")}
	if !verifier(t, Slack, "8f742231b10e8888abcd99yyyzzz85a5").Verify(r, 1531420618_000) {
		t.Error("the documented example is refused")
	}
}

// The example in GitHub's documentation of validating deliveries.
func TestGitHubExample(t *testing.T) {
	r := &protocol.Request{Method: "POST", Headers: []protocol.Header{
		{Name: "X-Hub-Signature-256", Value: "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
	}, Body: []byte("Hello, World!")}
	if !verifier(t, GitHub, "It's a Secret to Everybody").Verify(r, now) {
		t.Error("the documented example is refused")
	}
}

func TestSecrets(t *testing.T) {
	for _, c := range []struct {
		scheme  Scheme
		secrets []string
		want    string
	}{
		{Standard, []string{secret}, "whsec_"},
		{Standard, []string{"whsec_"}, "whsec_"},
		{Standard, []string{"whsec_MTIz"}, "16 bytes"},
		{GitHub, []string{"short"}, "16 bytes"},
		{GitHub, nil, "needs a secret"},
	} {
		if _, err := New(c.scheme, c.secrets...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v, want %q", schemes[c.scheme], c.secrets, err, c.want)
		}
	}
	for s, name := range schemes {
		if got, ok := ParseScheme(name); !ok || int(got) != s {
			t.Errorf("ParseScheme(%q) = %d, %t", name, got, ok)
		}
	}
}

func FuzzVerify(f *testing.F) {
	for scheme, r := range signed(now / 1000) {
		for _, h := range r.Headers {
			f.Add(uint8(scheme), h.Value, body)
		}
	}
	f.Fuzz(func(t *testing.T, scheme uint8, header, text string) {
		s := Scheme(scheme % uint8(len(schemes)))
		r := &protocol.Request{Method: "POST", Body: []byte(text)}
		for _, name := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Stripe-Signature", "X-Hub-Signature-256",
			"X-Shopify-Hmac-Sha256", "X-Slack-Request-Timestamp", "X-Slack-Signature"} {
			r.Headers = append(r.Headers, protocol.Header{Name: name, Value: header})
		}
		if v := verifier(t, s, "a key that no input can know"); v.Verify(r, now) {
			t.Fatal("a forged signature verifies")
		}
	})
}
