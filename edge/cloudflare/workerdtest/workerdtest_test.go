package workerdtest

import (
	"net/http"
	"strings"
	"testing"
)

func TestTheWorkerAnswers(t *testing.T) {
	url := Start(t, Config{Bindings: map[string]string{
		"WEIR_HOST":   "http://127.0.0.1:1",
		"WEIR_SECRET": "whsec_" + strings.Repeat("QUJD", 11),
	}})
	resp, err := http.Get(url + "/nothing-here")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 404 {
		t.Errorf("status = %d, want 404", resp.StatusCode)
	}
}
