package serve

import "sync"

// current is the engine that requests run on. It can be replaced between any
// two of them.
type current struct {
	mu sync.RWMutex
	generation
}

// generation is an engine, and what its settings bound.
type generation struct {
	engine  Engine
	maxBody int
	users   *sync.WaitGroup // the requests that have not had their outcome
}

func (c *current) set(e Engine, maxBody int) (before generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	before = c.generation
	c.generation = generation{e, maxBody, new(sync.WaitGroup)}
	return before
}

// take returns the engine for a request, which calls users.Done when it needs it no more.
func (c *current) take() generation {
	c.mu.RLock()
	defer c.mu.RUnlock()
	c.users.Add(1)
	return c.generation
}

// Replace has all further requests run on another engine, and read at most
// maxBody bytes of their bodies. The channel that it returns is closed when no
// request is left on the engine before, which may then be closed.
func (h *Handler) Replace(engine Engine, maxBody int) (unused <-chan struct{}) {
	before := h.current.set(engine, maxBody)
	done := make(chan struct{})
	go func() {
		before.users.Wait()
		close(done)
	}()
	return done
}
