package metrics

import "sync"

// other stands for every value of a label beyond its limit.
const other = "other"

// maxLabel is the longest label value kept, in bytes.
const maxLabel = 200

// bounded admits the first values of a label and calls the rest "other":
// events come from the public, and each new value costs memory for ever.
type bounded struct {
	limit int

	mu    sync.RWMutex
	known map[string]struct{}
}

func (b *bounded) label(value string) string {
	if len(value) > maxLabel {
		return other
	}
	b.mu.RLock()
	_, ok := b.known[value]
	full := len(b.known) >= b.limit
	b.mu.RUnlock()
	switch {
	case ok:
		return value
	case full:
		return other
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.known[value]; !ok && len(b.known) >= b.limit {
		return other
	}
	if b.known == nil {
		b.known = map[string]struct{}{}
	}
	b.known[value] = struct{}{}
	return value
}
