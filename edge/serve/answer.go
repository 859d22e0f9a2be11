package serve

import (
	"net/http"
	"strings"

	"weir/edge/protocol"
)

// retryAfter is what a refused client is asked to wait, in seconds.
const retryAfter = "5"

func answer(w http.ResponseWriter, resp *protocol.Response) {
	header := w.Header()
	for _, field := range resp.Headers {
		// net/http writes them when the handler has returned, and the exchange
		// they refer to may serve another request.
		header.Add(strings.Clone(field.Name), strings.Clone(field.Value))
	}
	if header.Get("Content-Type") == "" {
		header["Content-Type"] = nil // net/http would guess one
	}
	w.WriteHeader(resp.Status)
	w.Write(resp.Body)
}

// refuse answers a request that the collector never saw. Without the CORS
// headers a browser would report a network error in place of the status.
func refuse(w http.ResponseWriter, r *http.Request, status int, retryAfter string) {
	header := w.Header()
	header.Set("Retry-After", retryAfter)
	header.Set("Connection", "close")
	if origin := r.Header.Get("Origin"); origin != "" && origin != "null" {
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		header.Set("Vary", "Origin")
	} else {
		header.Set("Access-Control-Allow-Origin", "*")
	}
	http.Error(w, http.StatusText(status), status)
}
