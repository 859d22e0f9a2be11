package serve

import (
	"crypto/rand"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"weir/edge/protocol"
)

// read fills x.in from the request.
func (h *Handler) read(x *exchange, w http.ResponseWriter, r *http.Request) error {
	whole, err := h.readBody(x, w, r)
	if err != nil {
		return err
	}
	trusted := h.trusts(peer(r))
	path, query := splitTarget(r.RequestURI)
	x.in.Request = protocol.Request{
		Method:       r.Method,
		Path:         path,
		Query:        query,
		Host:         r.Host,
		Secure:       r.TLS != nil || trusted && strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
		Headers:      appendHeaders(x.in.Request.Headers[:0], r.Header),
		Body:         x.body,
		ClientIP:     text(h.client(r)),
		BodyTooLarge: !whole,
	}
	x.in.NowMillis = h.cfg.Now().UnixMilli()
	rand.Read(x.in.Entropy[:])
	return nil
}

// splitTarget cuts path and query out of a request target as they were sent:
// parsing it would also rewrite it. A fragment, which no client should send, is
// dropped as every other runtime drops it.
func splitTarget(target string) (path, query string) {
	target, _, _ = strings.Cut(target, "#")
	path, query, _ = strings.Cut(target, "?")
	if _, rest, ok := strings.Cut(path, "://"); ok && !strings.HasPrefix(path, "/") {
		// The absolute form that is sent to proxies: RFC 9112 section 3.2.2.
		_, path, _ = strings.Cut(rest, "/")
		path = "/" + path
	}
	return path, query
}

// readBody reads at most x.maxBody bytes and reports whether that is all of it.
func (h *Handler) readBody(x *exchange, w http.ResponseWriter, r *http.Request) (whole bool, err error) {
	x.body = x.body[:0]
	if r.Body == nil || r.Body == http.NoBody {
		return true, nil
	}
	deadlines := http.NewResponseController(w)
	if err := deadlines.SetReadDeadline(time.Now().Add(h.cfg.BodyTimeout)); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return false, err
	}
	// A length that is only announced costs little.
	if want := min(r.ContentLength+1, int64(x.maxBody)+1, 64<<10); want > int64(cap(x.body)) {
		x.body = make([]byte, 0, want)
	}
	for {
		if len(x.body) == cap(x.body) {
			x.body = slices.Grow(x.body, 4<<10)
		}
		room := min(cap(x.body), x.maxBody+1)
		n, err := r.Body.Read(x.body[len(x.body):room])
		x.body = x.body[:len(x.body)+n]
		if len(x.body) > x.maxBody {
			x.body = x.body[:x.maxBody]
			break
		}
		if err == io.EOF {
			whole = true
			break
		}
		if err != nil {
			return false, err
		}
	}
	if err := deadlines.SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return false, err
	}
	return whole, nil
}

// appendHeaders appends the fields in the order of their names: a map has none.
func appendHeaders(dst []protocol.Header, fields http.Header) []protocol.Header {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		dst = protocol.AppendHeader(dst, name, fields[name])
	}
	return dst
}

// client is the address nearest to the tracker that somebody trusted vouches for.
func (h *Handler) client(r *http.Request) netip.Addr {
	addr := peer(r)
	if !h.trusts(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next, err := parseHop(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if addr = next; !h.trusts(addr) {
			break
		}
	}
	return addr
}

func (h *Handler) trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(h.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

func peer(r *http.Request) netip.Addr {
	addr, err := parseHop(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return addr
}

// parseHop reads an address with or without a port; an IPv4 address in IPv6
// form is an IPv4 address, and a zone means nothing to anybody else.
func parseHop(s string) (netip.Addr, error) {
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		var pair netip.AddrPort
		if pair, err = netip.ParseAddrPort(s); err == nil {
			addr = pair.Addr()
		}
	}
	return addr.Unmap().WithZone(""), err
}

func text(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}
