package envelope

import "unsafe"

// Arena hands out memory that lives until the next request. It grows to what
// the largest request needed and then no longer allocates. The zero Arena is ready.
type Arena struct{ block []byte }

// Reset makes the memory available again: what was handed out must no longer be used.
func (a *Arena) Reset() { a.block = a.block[:0] }

// Bytes returns an empty slice with room for n bytes. Append at most n, then
// give it back to [Arena.Keep]. The next Bytes or Copy hands out the same room
// again unless it was kept: only one result can be worked on at a time.
func (a *Arena) Bytes(n int) []byte {
	if cap(a.block)-len(a.block) < n {
		// Earlier parts of this request keep the old block alive; the next request starts in this one.
		a.block = make([]byte, 0, max(2*cap(a.block), n, 4096))
	}
	free := a.block[len(a.block):]
	return free[0:0:n]
}

// Keep claims what was appended to the last result of Bytes and returns it.
func (a *Arena) Keep(b []byte) []byte {
	a.block = a.block[:len(a.block)+len(b)]
	return b[:len(b):len(b)]
}

// Copy returns a copy of b as text.
func (a *Arena) Copy(b []byte) string { return a.KeepString(append(a.Bytes(len(b)), b...)) }

// KeepString is Keep for text.
func (a *Arena) KeepString(b []byte) string { return View(a.Keep(b)) }

// View returns a string that shares the memory of b, which must not change while the string is in use.
func View(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// ViewBytes returns the bytes of s. They must not be written to.
func ViewBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
