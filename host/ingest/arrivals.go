package ingest

import (
	"bytes"
	"container/list"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errCrowded says that a body was cut off in favour of later ones.
var errCrowded = errors.New("too many bodies arrive at once")

// arrivalCost is what a request costs before any of its body has arrived:
// the connection's buffers and goroutines, about, in bytes.
const arrivalCost = 16 << 10

// arrivals bounds the memory of bodies whose signature is not verified yet.
// Beyond the limit the body that has been arriving longest is cut off: an edge
// sends all of its own at once, so whoever dawdles loses.
type arrivals struct {
	limit int64

	mu    sync.Mutex
	bytes int64
	list  list.List // of *arrival, the longest under way first
}

// arrival is one body on its way in.
type arrival struct {
	all   *arrivals
	at    *list.Element // nil once it is cut off or over
	body  io.Reader
	bytes int64
	cut   func() // makes Read of the body fail; called at most once, before leave returns
}

func (a *arrivals) enter(body io.Reader, cut func()) *arrival {
	r := &arrival{all: a, body: body, cut: cut}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.at = a.list.PushBack(r)
	a.grow(r, arrivalCost)
	return r
}

// grow counts further bytes and makes room for them.
func (a *arrivals) grow(r *arrival, n int64) {
	r.bytes += n
	a.bytes += n
	for a.bytes > a.limit && a.list.Len() > 0 {
		first := a.list.Front().Value.(*arrival)
		a.remove(first)
		first.cut()
	}
}

func (a *arrivals) remove(r *arrival) {
	a.list.Remove(r.at)
	r.at = nil
	a.bytes -= r.bytes
}

// Read implements io.Reader.
func (r *arrival) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if r.at != nil {
		r.all.grow(r, int64(n))
	}
	if r.at == nil {
		return n, errCrowded
	}
	return n, err
}

// leave gives back what the body was counted as.
func (r *arrival) leave() {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	if r.at != nil {
		r.all.remove(r)
	}
}

// read reads the whole body within the limits of size, time and room. The
// caller leaves once it knows who sent it.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (body []byte, leave func(), err error) {
	conn := http.NewResponseController(w)
	conn.SetReadDeadline(time.Now().Add(h.cfg.Timeout))
	a := h.arrivals.enter(http.MaxBytesReader(w, r.Body, h.cfg.MaxBody), func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	if r.ContentLength > h.cfg.MaxBody {
		return nil, a.leave, &http.MaxBytesError{Limit: h.cfg.MaxBody}
	}
	// Memory grows with what has arrived, not with what was announced.
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), 64<<10) + bytes.MinRead))
	if _, err := b.ReadFrom(a); err != nil {
		return nil, a.leave, err
	}
	// The answer may take longer than the body was allowed to.
	conn.SetReadDeadline(time.Time{})
	return b.Bytes(), a.leave, nil
}
