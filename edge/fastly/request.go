package main

import (
	"io"
	"maps"
	"slices"

	"github.com/fastly/compute-sdk-go/fsthttp"

	"weir/edge/protocol"
)

// read fills h.in from the request.
func (h *handler) read(r *fsthttp.Request) error {
	whole, err := h.readBody(r.Body)
	if err != nil {
		return err
	}
	h.in.Request = protocol.Request{
		Method:       r.Method,
		Path:         r.URL.EscapedPath(),
		Query:        r.URL.RawQuery,
		Host:         r.Host,
		Secure:       r.URL.Scheme == "https",
		Headers:      appendHeaders(h.in.Request.Headers[:0], r.Header),
		Body:         h.body,
		ClientIP:     r.RemoteAddr,
		BodyTooLarge: !whole,
	}
	h.in.NowMillis = h.platform.Now().UnixMilli()
	h.platform.Entropy(&h.in.Entropy)
	h.in.Location = h.platform.Locate(r.RemoteAddr)
	h.in.Bot = h.platform.Bot()
	return nil
}

// readBody reads at most maxBody bytes and reports whether that is all of it.
func (h *handler) readBody(body io.Reader) (whole bool, err error) {
	h.body = h.body[:0]
	if body == nil {
		return true, nil
	}
	for {
		if len(h.body) == cap(h.body) {
			h.body = slices.Grow(h.body, max(4<<10, len(h.body)))
		}
		n, err := body.Read(h.body[len(h.body):min(cap(h.body), h.maxBody+1)])
		h.body = h.body[:len(h.body)+n]
		if len(h.body) > h.maxBody {
			h.body = h.body[:h.maxBody]
			return false, nil
		}
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// appendHeaders appends the fields in the order of their names: a map has none.
func appendHeaders(dst []protocol.Header, fields fsthttp.Header) []protocol.Header {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			dst = append(dst, protocol.Header{Name: name, Value: value})
		}
	}
	return dst
}
