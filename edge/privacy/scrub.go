package privacy

import "weir/edge/envelope"

// The actions of receipts on text.
const (
	truncated = "truncate"
	removed   = "drop"
)

// deepest is how many layers are looked at, the text itself being the first.
// Nobody wraps text in more in good faith.
const deepest = 5

// scrub truncates every IP address that stands in a text, as
// [Address.Truncate] does. It is for text that could not be parsed, and rather
// takes away too much:
//
//   - Escapes of URLs and of JSON ("%2E", "\u002e", "\\\"") stand for what they
//     mean, and an address counts as well if it begins inside of what may be one.
//   - A span that must hold an address but is not exactly one, as five numbers
//     joined by dots, becomes 0.0.0.0 or "::".
//   - Where an address is left beneath further layers of escapes, or in Base64,
//     or where the layers do not end, nothing of the text is kept.
//
// It returns what may be kept and its action for a receipt: "truncate", "drop", or "" if nothing was done.
// Its work is linear in the text.
func (f *finder) scrub(arena *envelope.Arena, text string, v4, v6 int) (kept, action string) {
	*f = finder{arena: arena, text: text, v4: v4, v6: v6}
	var out []byte // begun at the first address
	done := 0
	for f.next() {
		if out == nil {
			// No replacement is twice as long as its original.
			out = arena.Keep(arena.Bytes(2 * len(text))[:2*len(text)])[:0]
		}
		out = append(out, text[done:f.start]...)
		out = f.address.Append(out)
		done = f.end
	}
	if out != nil {
		text, action = envelope.View(append(out, text[done:]...)), truncated
	}
	if f.hides(text) {
		return "", removed
	}
	return text, action
}

// hides reports whether there is an address in the text or in what it encodes.
func (f *finder) hides(text string) bool {
	if !escaped(text) {
		return f.finds(text) || f.findsBase64(text)
	}
	layer := append(f.arena.Bytes(len(text)), text...)
	f.arena.Keep(layer)
	for range deepest {
		text = envelope.View(layer)
		if f.finds(text) || f.findsBase64(text) {
			return true
		}
		n := unescape(layer, text)
		if n == len(layer) {
			return false
		}
		layer = layer[:n]
	}
	return true
}

// finds reports whether there is an address in another text.
func (f *finder) finds(text string) bool {
	f.text, f.at, f.until = text, 0, 0
	return f.next()
}
