package envelope

// Event is one canonical event on its way through the edge. Its bytes refer to
// the request or to the collector's scratch and stay valid until the next request.
type Event struct{}
