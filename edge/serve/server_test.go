package serve

import (
	"net/http"
	"strings"
	"testing"

	"weir/edge/envelope"
)

// A proxy may speak HTTP/2 without TLS.
func TestUnencryptedHTTP2(t *testing.T) {
	url, _ := start(t, Config{Engine: storing(envelope.AckStored), Forward: host(taking)})
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Post(url+"/x?y=%20", "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK {
		t.Errorf("answer %s %s", resp.Proto, resp.Status)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	url, _ := start(t, Config{Engine: storing(envelope.AckStored), Forward: host(taking)})
	for size, want := range map[int]int{60 << 10: 200, 80 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Long", strings.Repeat("x", size))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("a header of %d bytes: %s, want %d", size, resp.Status, want)
		}
	}
}
