package journal

import (
	"strings"
	"time"
)

// DeadLetter is a valid event that a sink gave up on. It carries its own
// bytes: the batch it came in may have been pruned.
type DeadLetter struct {
	ID       int64 // given by the journal
	Route    string
	Sink     string
	EventID  string
	App      string
	Schema   string
	Reason   string // what the sink said; it may quote the event
	Tries    int
	Envelope []byte // empty once it was retried
	Died     time.Time
	Retried  time.Time // zero until it was handed to its route again
}

// Query selects dead letters. Zero members select everything.
type Query struct {
	Route   string
	App     string
	Schema  string // a schema key, or its beginning and a *
	Reason  string // a part of the reason
	IDs     []int64
	Retried bool  // those already retried, too
	Oldest  bool  // the oldest first
	After   int64 // only greater numbers
	UpTo    int64 // no greater numbers
	Limit   int   // 0 means 100
	Bytes   int   // of envelopes: one letter at least, then no more than these; 0 sets no bound
}

// Has reports whether a letter is of the route, app, schema and reason that the
// query asks for.
func (q *Query) Has(d *DeadLetter) bool {
	begin, prefix := strings.CutSuffix(q.Schema, "*")
	return (q.Route == "" || d.Route == q.Route) && (q.App == "" || d.App == q.App) &&
		(q.Schema == "" || d.Schema == q.Schema || prefix && strings.HasPrefix(d.Schema, begin)) &&
		strings.Contains(d.Reason, q.Reason)
}
