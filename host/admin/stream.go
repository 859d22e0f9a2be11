package admin

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// heartbeat keeps proxies from closing a quiet stream.
const heartbeat = 15 * time.Second

// tail streams envelopes as Server-Sent Events: the last ones, then each as it
// is stored.
func (h *Handler) tail(w http.ResponseWriter, r *http.Request) {
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	backlog, sub := h.cfg.Tail.Subscribe()
	defer sub.Close()
	send := func(text []byte) bool {
		// A reader that stalls is cut off, which frees its subscription.
		if control.SetWriteDeadline(time.Now().Add(2*heartbeat)) != nil {
			return false
		}
		_, err := w.Write(text)
		return err == nil && control.Flush() == nil
	}
	var text bytes.Buffer
	text.WriteString("retry: 1000\n\n")
	for _, line := range backlog {
		frame(&text, line)
	}
	if !send(text.Bytes()) {
		return
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		text.Reset()
		select {
		case line := <-sub.C:
			frame(&text, line)
		case <-tick.C:
			text.WriteString(": still here\n\n")
		case <-r.Context().Done():
			return
		case <-h.cfg.Done:
			return
		}
		if n := sub.Missed(); n > 0 {
			fmt.Fprintf(&text, ": %d envelopes missed, the reader is too slow\n\n", n)
		}
		if !send(text.Bytes()) {
			return
		}
	}
}

// frame writes one envelope, which is one line, as an event.
func frame(b *bytes.Buffer, line []byte) {
	b.WriteString("event: envelope\ndata: ")
	b.Write(line)
	b.WriteString("\n\n")
}
