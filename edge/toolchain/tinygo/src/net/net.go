// Package net stands in for the standard library's where TinyGo was built from
// its Go module. It parses addresses; it opens nothing.
package net

import (
	"errors"
	"net/netip"
	"time"
)

// IP is an address of 4 or 16 bytes.
type IP []byte

// ParseIP returns the address in its 16-byte form, or nil.
func ParseIP(s string) IP {
	addr, err := netip.ParseAddr(s)
	if err != nil || addr.Zone() != "" {
		return nil
	}
	b := addr.As16()
	return b[:]
}

// To4 returns the 4-byte form of an IPv4 address, or nil.
func (ip IP) To4() IP {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok || !addr.Unmap().Is4() {
		return nil
	}
	b := addr.Unmap().As4()
	return b[:]
}

// To16 returns the 16-byte form, or nil when ip is no address.
func (ip IP) To16() IP {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return nil
	}
	b := addr.As16()
	return b[:]
}

func (ip IP) String() string {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return "<nil>"
	}
	return addr.Unmap().String()
}

// Addr is the address of one end of a connection.
type Addr interface {
	Network() string
	String() string
}

// Conn is a stream between two ends. Nothing in this package makes one.
type Conn interface {
	Read(b []byte) (int, error)
	Write(b []byte) (int, error)
	Close() error
	LocalAddr() Addr
	RemoteAddr() Addr
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// ErrClosed is returned by operations on a closed connection.
var ErrClosed = errors.New("use of closed network connection")

var errNoSockets = errors.New("net: this platform has no sockets")

// Dial fails: a WebAssembly module has no sockets.
func Dial(network, address string) (Conn, error) { return nil, errNoSockets }

// JoinHostPort combines host and port, with brackets around an IPv6 address.
func JoinHostPort(host, port string) string {
	for i := 0; i < len(host); i++ {
		if host[i] == ':' {
			return "[" + host + "]:" + port
		}
	}
	return host + ":" + port
}
