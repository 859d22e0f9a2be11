package http

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// guard decides on the address that is dialled, after names were resolved: a
// name may point anywhere, and elsewhere the next time.
type guard struct {
	private []netip.Prefix // may be dialled although they are not public
	public  bool           // all public addresses may be
}

// control is a net.Dialer.Control.
func (g guard) control(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("refusing to connect: %w", err)
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return fmt.Errorf("refusing to connect: %w", err)
	}
	return g.allow(addr)
}

func (g guard) allow(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	for _, p := range g.private {
		if p.Contains(addr) {
			return nil
		}
	}
	if !isPublic(addr) {
		return fmt.Errorf("refusing to connect to %s: not a public address; list its network in private if it is meant", addr)
	}
	if !g.public {
		return fmt.Errorf("refusing to connect to %s: plain http goes to addresses listed in private only", addr)
	}
	return nil
}

// isPublic reports whether an address is global unicast by the IANA special-purpose
// registries (RFC 6890 and later) and leads to no IPv4 address in disguise.
func isPublic(addr netip.Addr) bool {
	if addr.Is6() && !globalUnicast6.Contains(addr) {
		return false
	}
	for _, p := range special {
		if p.Contains(addr) {
			return false
		}
	}
	return addr.IsValid()
}

// globalUnicast6 is all of IPv6 that has been given out. Loopback, unspecified,
// link-local, unique-local, multicast, mapped, compatible and NAT64 addresses
// (64:ff9b::/96) lie outside.
var globalUnicast6 = netip.MustParsePrefix("2000::/3")

var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // carrier-grade NAT
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local, metadata services
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4: an IPv4 address inside
	netip.MustParsePrefix("3fff::/20"),       // documentation
}
