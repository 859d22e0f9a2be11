package validate

import "weir/schemas/scan"

// writer appends. What a violation says is put together of many small parts: a
// call of a method takes a third of the room in wasm that one of append does.
type writer struct{ b []byte }

//go:noinline
func (w *writer) text(s string) { w.b = append(w.b, s...) }

//go:noinline
func (w *writer) bytes(s []byte) { w.b = append(w.b, s...) }

//go:noinline
func (w *writer) int(n int) { w.b = scan.AppendInt(w.b, n) }

// quoted appends a name between quotes, without escapes.
func (w *writer) quoted(s []byte) {
	w.text(`"`)
	w.bytes(s)
	w.text(`"`)
}

// token appends a slash and a reference token of a JSON pointer.
//
//go:noinline
func (w *writer) token(s []byte) {
	w.text("/")
	n := len(w.b)
	w.bytes(s)
	w.b = escapePointer(w.b, n)
}
