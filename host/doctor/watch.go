package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// watch is a stream of what a host stores.
type watch struct {
	close  context.CancelFunc
	events chan stored
	ended  chan error
}

// stored is what the doctor reads of an envelope.
type stored struct {
	EventID string `json:"event_id"`
	Weir    struct {
		Version    int
		Verdict    string
		Bundle     string
		Violations []struct{ Path, Keyword, Message string }
	}
}

// watch opens the stream, so that nothing that is sent later is missed.
func (x *examination) watch(ctx context.Context) (*watch, error) {
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, x.cfg.Admin+"/api/tail", nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header = x.bearer()
	// The stream has no end: its context bounds it.
	endless := *x.cfg.Client
	endless.Timeout = 0
	resp, err := endless.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		cancel()
		return nil, fmt.Errorf("GET /api/tail is answered %s", resp.Status)
	}
	w := &watch{close: cancel, events: make(chan stored), ended: make(chan error, 1)}
	go func() {
		defer resp.Body.Close()
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				w.ended <- err
				return
			}
			data, ok := strings.CutPrefix(line, "data: ")
			var e stored
			if !ok || json.Unmarshal([]byte(data), &e) != nil {
				continue
			}
			select {
			case w.events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return w, nil
}

// find waits for an event.
func (w *watch) find(id string, wait time.Duration) (stored, error) {
	late := time.After(wait)
	for {
		select {
		case e := <-w.events:
			if e.EventID == id {
				return e, nil
			}
		case err := <-w.ended:
			return stored{}, fmt.Errorf("the host's stream of events ended: %w", err)
		case <-late:
			return stored{}, errors.New("it did not come within " + wait.String())
		}
	}
}
