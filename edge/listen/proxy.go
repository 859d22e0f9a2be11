package listen

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
)

// proxyHeaderTime is how long a proxy may take to say whom it speaks for.
const proxyHeaderTime = 5 * time.Second

// Proxied returns a listener whose connections from trusted proxies begin with
// a PROXY header, version 1 or 2 (HAProxy's proxy-protocol.txt): their remote
// address is the one it names. A trusted proxy that sends none is cut off,
// since its client could send one in its place. From anybody else no header is
// read, so that it is a malformed request.
func Proxied(l net.Listener, trusted []netip.Prefix, log *slog.Logger) net.Listener {
	var warned atomic.Int64
	return &proxyproto.Listener{
		Listener:          l,
		ReadHeaderTimeout: proxyHeaderTime,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			if trusts(trusted, o.Upstream) {
				return proxyproto.REQUIRE, nil
			}
			if now := time.Now().Unix(); now-warned.Load() >= 60 {
				warned.Store(now)
				log.Warn("a peer that is no trusted proxy connected to a listener that expects PROXY headers", "peer", o.Upstream)
			}
			return proxyproto.SKIP, nil
		},
	}
}

func trusts(trusted []netip.Prefix, peer net.Addr) bool {
	tcp, ok := peer.(*net.TCPAddr)
	if !ok {
		return false
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// ParseProxies reads a list of addresses and ranges, such as 10.0.0.0/8.
func ParseProxies(list []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			addr, notOne := netip.ParseAddr(text)
			if notOne != nil {
				return nil, fmt.Errorf("%q is no address or range, such as 10.0.0.1 or 10.0.0.0/8", text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}
