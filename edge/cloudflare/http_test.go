package main

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"weir/edge/cloudflare/workerdtest"
	"weir/edge/signature"
	"weir/edge/toolchain/need"
)

var secret = []byte("thirty-two bytes that are secret")

const (
	tp2      = "/com.snowplowanalytics.snowplow/tp2"
	pageView = `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"pv","p":"web","tv":"js-4.10.1","url":"https://shop.example/tea"}]}`
)

// host takes batches as a weir host does and hands them on.
func host(t *testing.T) (url string, batches chan string) {
	batches = make(chan string, 16)
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := r.Header
		if err := signature.Verify([][]byte{secret}, h.Get("webhook-id"), h.Get("webhook-timestamp"), h.Get("webhook-signature"), body, time.Now()); err != nil {
			t.Error(err)
		}
		if r.Method != "POST" || r.URL.Path != "/v1/batches" || h.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s %s with Content-Type %q", r.Method, r.URL.Path, h.Get("Content-Type"))
		}
		io.WriteString(w, `{"batch":"`+h.Get("webhook-id")+`","events":1,"duplicate":false}`)
		batches <- string(body)
	}), batches
}

// receive waits for a batch, but not for ever.
func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case got := <-from:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was delivered")
		panic("unreachable")
	}
}

// serve runs a server that has nothing to offer to edges.
func serve(t *testing.T, h http.HandlerFunc) string {
	return serveAll(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/edge/") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		h(w, r)
	})
}

func serveAll(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func worker(t *testing.T, hosts, settings string) string {
	return workerdtest.Start(t, workerdtest.Config{Bindings: map[string]string{
		"WEIR_HOST":     hosts,
		"WEIR_SECRET":   "whsec_" + base64.StdEncoding.EncodeToString(secret),
		"WEIR_SETTINGS": settings,
	}})
}

func post(t *testing.T, url, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequest("POST", url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", "https://shop.example")
	req.Header.Set("CF-Connecting-IP", "192.0.2.81")
	req.Header.Set("CF-Blob", `{"country":"CH","regionCode":"ZH","colo":"ZRH","asn":64496}`)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

func TestABatchReachesItsHost(t *testing.T) {
	url, batches := host(t)
	edge := worker(t, url+"/", "")
	resp := post(t, edge+tp2+"?aid=shop%20web", pageView)
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || string(body) != "ok" || resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("answer = %d %q %v", resp.StatusCode, body, resp.Header)
	}
	batch := receive(t, batches)
	for _, want := range []string{`"events":1`, `"failed":0`, `"app_id":"shop web"`, `"user_ipaddress":"192.0.2.0"`, `"page_url":"https://shop.example/tea"`, `"country":"CH"`} {
		if !strings.Contains(batch, want) {
			t.Errorf("batch lacks %s:\n%s", want, batch)
		}
	}
	if strings.Contains(batch, "192.0.2.81") {
		t.Errorf("the client's whole address left the edge:\n%s", batch)
	}
	need.Ran(t, "worker", "workerd")
}

func TestTheNextHostIsTried(t *testing.T) {
	good, batches := host(t)
	failing := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	mistaken := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "welcome") })
	forgetful := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"batch":"another"}`) })
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	redirecting := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere+r.URL.Path, 307) })
	edge := worker(t, strings.Join([]string{"http://127.0.0.1:1", failing, mistaken, forgetful, redirecting, good}, ", "), "")
	if resp := post(t, edge+tp2, pageView); resp.StatusCode != 200 {
		t.Errorf("status = %d, want 200", resp.StatusCode)
	}
	receive(t, batches)
	if len(batches) != 0 {
		t.Error("the batch was delivered twice")
	}
}

// A host that says nothing costs its timeout, and the tracker still hears the
// refusal before it gives up.
func TestSilentHostsAreGivenUp(t *testing.T) {
	release := make(chan struct{})
	silent := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	edge := worker(t, silent+","+silent+","+silent, "")
	resp := post(t, edge+tp2, pageView)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("answer = %d %v, want the refusal", resp.StatusCode, resp.Header)
	}
}

func TestFastAnswersFirst(t *testing.T) {
	release, taken := make(chan struct{}), make(chan struct{})
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		<-release
		close(taken)
	})
	edge := worker(t, slow, `{"ack":"fast"}`)
	if resp := post(t, edge+tp2, pageView); resp.StatusCode != 200 {
		t.Errorf("status = %d, want 200", resp.StatusCode)
	}
	close(release)
	receive(t, taken)
}

func TestBodiesAreBounded(t *testing.T) {
	url, batches := host(t)
	edge := worker(t, url, `{"limits":{"body":1000}}`)
	// An unknown length is read in pieces, and no further than the limit.
	for _, body := range []io.Reader{strings.NewReader(strings.Repeat("x", 5000)), io.MultiReader(strings.NewReader(strings.Repeat("x", 5000)))} {
		resp, err := http.Post(edge+tp2, "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("status = %d, want 200", resp.StatusCode)
		}
		batch := receive(t, batches)
		if !strings.Contains(batch, `"failed":1`) || strings.Contains(batch, strings.Repeat("x", 1001)) {
			t.Errorf("batch = %s, want one failed event with at most 1000 bytes of body", batch)
		}
	}
}

func TestAMisconfiguredWorkerRefuses(t *testing.T) {
	for name, bindings := range map[string]map[string]string{
		"no host":   {"WEIR_SECRET": "whsec_" + base64.StdEncoding.EncodeToString(secret)},
		"no secret": {"WEIR_HOST": "https://host.example"},
		"password":  {"WEIR_HOST": "https://:open@host.example", "WEIR_SECRET": "whsec_" + base64.StdEncoding.EncodeToString(secret)},
		"settings":  {"WEIR_HOST": "https://host.example", "WEIR_SECRET": "whsec_" + base64.StdEncoding.EncodeToString(secret), "WEIR_SETTINGS": `{"nonsense":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			edge := workerdtest.Start(t, workerdtest.Config{Bindings: bindings})
			// Whatever is asked for: what only an event's delivery would show comes too late.
			for _, path := range []string{tp2, "/health"} {
				resp := post(t, edge+path, pageView)
				if resp.StatusCode != 503 || resp.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
					t.Errorf("%s: answer = %d %v, want 503 with CORS headers", path, resp.StatusCode, resp.Header)
				}
			}
		})
	}
}

func TestBlankSettingsAreTheDefaults(t *testing.T) {
	url, batches := host(t)
	if resp := post(t, worker(t, url, " \n")+tp2, pageView); resp.StatusCode != 200 {
		t.Errorf("status = %d, want 200", resp.StatusCode)
	}
	receive(t, batches)
}

func TestARequestAsItWasSent(t *testing.T) {
	url, batches := host(t)
	edge := worker(t, url, "")
	// Neither the query nor its encoding is touched on the way to the collector.
	resp, err := http.Get(edge + "/i?e=pv&p=web&tv=x&url=https%3A%2F%2Fshop.example%2Fa%2Fb%3Fq%3D%2520%26r&page=caf%C3%A9+noir")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if gif, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || len(gif) != 43 {
		t.Errorf("answer = %d with %d bytes, want the pixel", resp.StatusCode, len(gif))
	}
	batch := receive(t, batches)
	for _, want := range []string{`"page_url":"https://shop.example/a/b?q=%20&r"`, `"page_title":"café noir"`} {
		if !strings.Contains(batch, want) {
			t.Errorf("batch lacks %s:\n%s", want, batch)
		}
	}
}

func TestTheScoreOfMachinesCrosses(t *testing.T) {
	url, batches := host(t)
	edge := worker(t, url, "")
	for blob, want := range map[string]string{
		`{"botManagement":{"score":2,"verifiedBot":true}}`: `"score":2,"verified":true`,
		`{"botManagement":{"score":700}}`:                  "",
		`{}`:                                               "",
	} {
		req, err := http.NewRequest("GET", edge+"/i?e=pv&p=web&tv=x", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("CF-Blob", blob)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		batch := receive(t, batches)
		if want != "" && !strings.Contains(batch, want) || want == "" && strings.Contains(batch, `"score":`) {
			t.Errorf("%s: batch = %s, want %q", blob, batch, want)
		}
	}
}
