package hmac

// Hash makes SHA-256 sums, one at a time. The zero Hash is ready; it is not
// safe for concurrent use. Kept in a struct that lives on, it allocates nothing.
type Hash struct{ k Key }

// Sum returns the hash of p.
func (h *Hash) Sum(p []byte) [Size]byte {
	h.k.state, h.k.filled, h.k.length = sha256Start, 0, 0
	h.k.Write(p)
	return h.k.finish()
}
