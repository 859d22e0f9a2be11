package serve

import (
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"weir/edge/collector"
	"weir/edge/protocol"
)

// named answers with its name and how much of the body it was given, once it may.
func named(name string, arrived chan<- string, may <-chan struct{}) engine {
	return func(in *collector.Input) (*collector.Outcome, error) {
		body := string(in.Request.Body)
		if arrived != nil {
			arrived <- name
		}
		<-may
		return &collector.Outcome{Response: protocol.Response{Status: 200, Body: []byte(name + " " + body)}}, nil
	}
}

// A request ends on the engine that it began on, and those that follow run on
// the one in its place, within its bound.
func TestReplace(t *testing.T) {
	may, open := make(chan struct{}), make(chan struct{})
	close(open)
	arrived := make(chan string, 1)
	url, h := start(t, Config{Engine: named("first", arrived, may), MaxBody: 4, Forward: host(taking)})
	text := func() string {
		body, err := io.ReadAll(post(t, url, "12345678").Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if got := text(); got != "first 1234" {
			t.Errorf("the request under way was answered %q", got)
		}
	})
	<-arrived
	unused := h.Replace(named("second", nil, open), 6)
	if got := text(); got != "second 123456" {
		t.Errorf("the request that followed was answered %q", got)
	}
	select {
	case <-unused:
		t.Error("the first engine may be closed while a request is on it")
	default:
	}
	close(may)
	<-unused
	group.Wait()
}

// Under load no request is lost, and none meets an engine that was closed.
func TestReplaceUnderLoad(t *testing.T) {
	open := make(chan struct{})
	close(open)
	url, h := start(t, Config{Engine: named("0", nil, open), Forward: host(taking)})
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if resp := post(t, url, "x"); resp.StatusCode != 200 {
					t.Errorf("answer = %d", resp.StatusCode)
				}
			}
		})
	}
	closeBefore := func() {}
	for range 200 {
		gone := new(atomic.Bool)
		<-h.Replace(engine(func(*collector.Input) (*collector.Outcome, error) {
			runtime.Gosched()
			if gone.Load() {
				t.Error("a request met an engine that was closed")
			}
			return &collector.Outcome{Response: protocol.Response{Status: 200}}, nil
		}), 10)
		closeBefore()
		closeBefore = func() { gone.Store(true) }
	}
	close(stop)
	group.Wait()
}
