package main

import (
	"strings"
	"testing"

	"weir/edge/collector"
	"weir/edge/collector/collectortest"
	"weir/edge/protocol"
)

const minimal = `{"method":"GET","path":"/health","now":0,"entropy":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}`

// The suite on the plugin's own code, without the module around it.
func TestGoldenSuiteNatively(t *testing.T) {
	bundle := collectortest.Bundle(t)
	collectortest.RunAll(t, func(t *testing.T, settings []byte) collectortest.Collect {
		var p plugin
		c := config(string(settings), bundle)
		if err := p.start(c["settings"], c["bundle"]); err != nil {
			t.Fatal(err)
		}
		return func(in *collector.Input) (*collector.Outcome, error) {
			request, err := encode(in)
			if err != nil {
				return nil, err
			}
			outcome, err := p.collect(request)
			if err != nil {
				return nil, err
			}
			return decode(outcome)
		}
	})
}

func TestFaultyConfig(t *testing.T) {
	for _, tt := range []struct{ settings, bundle, want string }{
		{`{"ack":"never"}`, "", "config: settings: ack"},
		{"", "no base64!", "config: bundle is not base64"},
		{"", "AAAA", "config: opening the bundle"},
	} {
		var p plugin
		err := p.start(tt.settings, tt.bundle)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("start(%q, %q) = %v, want %q", tt.settings, tt.bundle, err, tt.want)
		}
		if p.started() {
			t.Errorf("start(%q, %q) failed and started", tt.settings, tt.bundle)
		}
	}
}

func TestFaultyRequests(t *testing.T) {
	with := func(member string) string { return strings.Replace(minimal, "}", ","+member+"}", 1) }
	for doc, want := range map[string]string{
		``:                                 "request: must be an object",
		`[]`:                               "request: must be an object",
		`{`:                                "request: ",
		minimal + `{}`:                     "request: ",
		`{"path":"/i"}`:                    "request: method is missing",
		`{"method":"GET"}`:                 "request: path is missing",
		`{"method":"GET","path":"/"}`:      "request: now is missing",
		`{"method":"","path":"/"}`:         "request: method is missing",
		with(`"verb":"GET"`):               "request: verb: there is no such member",
		with(`"secure":"yes"`):             "request: secure: must be true or false",
		with(`"host":null`):                "request: host: must be a string",
		with(`"now":"0"`):                  "request: now: must be an integer",
		with(`"now":1.5`):                  "request: now: must be an integer",
		with(`"entropy":"00"`):             "request: entropy: must be 32 random bytes",
		with(`"headers":{}`):               "request: headers: must be an array of [name, value]",
		with(`"headers":["a"]`):            "request: headers: must be an array of [name, value]",
		with(`"headers":[["a"]]`):          "request: headers: must be an array of [name, value]",
		with(`"headers":[["a","b","c"]]`):  "request: headers: must be an array of [name, value]",
		with(`"headers":[["a",1]]`):        "request: headers: must be a string",
		with(`"body":"","body_base64":""`): "request: body_base64: body and body_base64 exclude each other",
		with(`"body_base64":"a"`):          "request: body_base64: must be base64",
		with(`"body":{}`):                  "request: body: must be a string",
		with(`"location":{"planet":"x"}`):  "request: location.planet: there is no such member",
		with(`"location":{"city":1}`):      "request: location.city: must be a string",
	} {
		var r reader
		err := r.read(new(collector.Input), []byte(doc))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s\n gives %v\n  want %s", doc, err, want)
		}
	}
}

// Nothing of a request is left to the next one.
func TestARequestStartsAfresh(t *testing.T) {
	var r reader
	var in collector.Input
	full := strings.Replace(minimal, "}", `,"secure":true,"headers":[["a","b"]],"body":"x","location":{"city":"y"},"bot_score":7,"bot_verified":true,"trapped":true}`, 1)
	if err := r.read(&in, []byte(full)); err != nil {
		t.Fatal(err)
	}
	if in.Bot != (collector.BotScore{Score: 7, Verified: true}) {
		t.Errorf("bot = %+v", in.Bot)
	}
	if q := in.Request; !q.Secure || len(q.Headers) != 1 || q.Headers[0] != (protocol.Header{Name: "a", Value: "b"}) || string(q.Body) != "x" {
		t.Errorf("request = %+v", q)
	}
	if err := r.read(&in, []byte(minimal)); err != nil {
		t.Fatal(err)
	}
	if q := in.Request; q.Secure || len(q.Headers) != 0 || q.Body != nil || in.Location.City != "" || in.Bot != (collector.BotScore{}) || in.Trapped {
		t.Errorf("left of the request before: %+v", in)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(minimal))
	for _, in := range collectortest.Inputs(f) {
		request, err := encode(in)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(request)
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		var r reader
		var in collector.Input
		if r.read(&in, doc) == nil && (in.Request.Method == "" || in.Request.Path == "") {
			t.Errorf("%s was taken without method or path", doc)
		}
	})
}
