// Package listen is how weir's processes accept connections: how many, from
// behind which proxies, and with which certificates.
package listen
