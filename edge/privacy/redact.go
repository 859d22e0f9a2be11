package privacy

import (
	"slices"

	"weir/edge/envelope"
	"weir/schemas/scan"
)

// Span is a value of a document for which a schema's annotation names an action.
type Span struct {
	Start, End int
	Action     *Action
}

// redactor rewrites a document as the actions of its values say.
type redactor struct {
	arena *envelope.Arena
	event *envelope.Event
	key   *Key
	rules []*Rule // that may apply to this document
	spans []Span  // by start; of those that start together the strictest counts
	doc   []byte
	rule  string // of the annotations: the schema's key

	next   int // in spans
	prefix int // of path: what stands before the document
	path   []byte
	out    []byte
	plain  []byte
	result []byte
}

// run rewrites the document. It must be JSON, as read before.
func (r *redactor) run() []byte {
	// Values end inner first; they are met outer first here.
	slices.SortFunc(r.spans, func(a, b Span) int {
		if a.Start != b.Start {
			return a.Start - b.Start
		}
		return int(a.Action.kind) - int(b.Action.kind)
	})
	r.next, r.out = 0, r.out[:0]
	if _, kept := r.value(scan.Space(r.doc, 0), nil, ""); !kept {
		r.out = append(r.out, "null"...)
	}
	return envelope.ViewBytes(r.arena.Copy(r.out))
}

// value writes what the value at doc[i] becomes, and reports where it ends and
// whether anything of it may be kept. Without an action of its own it gets the
// one of what it stands in.
func (r *redactor) value(i int, action *Action, rule string) (end int, kept bool) {
	if a, by := r.decided(i); a != nil && (action == nil || a.kind < action.kind || a.kind == kindKeep) {
		action, rule = a, by
	}
	switch c := r.doc[i]; {
	case action != nil && action.kind != kindKeep && action.kind != kindScrub && (c == '{' || c == '['):
		// Nothing but to be dropped can happen to a whole object.
		end, _ = scan.ValueEnd(r.doc, i, scan.MaxDepth)
		r.receive(rule, "drop")
		return end, false
	case c == '{':
		return r.object(i, action, rule), true
	case c == '[':
		return r.array(i, action, rule), true
	}
	end, _ = scan.ValueEnd(r.doc, i, scan.MaxDepth)
	if action == nil || action.kind == kindKeep || r.doc[i] == 'n' {
		r.out = append(r.out, r.doc[i:end]...)
		return end, true
	}
	return end, r.scalar(r.doc[i:end], action, rule)
}

// decided returns the action for the value at doc[i] and the rule it comes of:
// the strictest of the schema's and the policy's. A schema's "keep" says that
// its author wants nothing done; a policy may know better.
func (r *redactor) decided(i int) (*Action, string) {
	for r.next < len(r.spans) && r.spans[r.next].Start < i {
		r.next++
	}
	var action *Action
	rule := ""
	if r.next < len(r.spans) && r.spans[r.next].Start == i {
		action, rule = r.spans[r.next].Action, r.rule
	}
	for _, p := range r.rules {
		if (action == nil || p.Action.kind < action.kind) && p.matchesPath(envelope.View(r.path[min(r.prefix, len(r.path)):])) {
			action, rule = &p.Action, p.Name
		}
	}
	return action, rule
}

func (r *redactor) object(i int, action *Action, rule string) int {
	r.out = append(r.out, '{')
	first := true
	for i = scan.Space(r.doc, i+1); r.doc[i] != '}'; {
		if r.doc[i] == ',' {
			i = scan.Space(r.doc, i+1)
		}
		end, flags, _ := scan.StringEnd(r.doc, i+1)
		name := r.doc[i : end+1]
		i = scan.Space(r.doc, scan.Space(r.doc, end+1)+1)
		before, length := len(r.out), len(r.path)
		if !first {
			r.out = append(r.out, ',')
		}
		r.out = append(append(r.out, name...), ':')
		r.enter(scan.Text{Raw: name[1 : len(name)-1], Escaped: flags&scan.Escaped != 0})
		kept := false
		if i, kept = r.value(i, action, rule); !kept {
			r.out = r.out[:before]
		}
		first = first && !kept
		r.path = r.path[:length]
		i = scan.Space(r.doc, i)
	}
	r.out = append(r.out, '}')
	return i + 1
}

func (r *redactor) array(i int, action *Action, rule string) int {
	r.out = append(r.out, '[')
	length := len(r.path)
	r.path = append(r.path, ".*"...)
	first := true
	for i = scan.Space(r.doc, i+1); r.doc[i] != ']'; {
		if r.doc[i] == ',' {
			i = scan.Space(r.doc, i+1)
		}
		before := len(r.out)
		if !first {
			r.out = append(r.out, ',')
		}
		kept := false
		if i, kept = r.value(i, action, rule); !kept {
			r.out = r.out[:before]
		}
		first = first && !kept
		i = scan.Space(r.doc, i)
	}
	r.path = r.path[:length]
	r.out = append(r.out, ']')
	return i + 1
}

// enter extends the path by the name of a member.
func (r *redactor) enter(name scan.Text) {
	r.path = append(r.path, '.')
	r.path = name.Append(r.path)
}

// scalar writes what a string, a number or a boolean becomes.
func (r *redactor) scalar(raw []byte, action *Action, rule string) (kept bool) {
	number := raw[0] != '"'
	switch {
	case !number:
		r.plain = scan.Text{Raw: raw[1 : len(raw)-1], Escaped: true}.Append(r.plain[:0])
	case raw[0] == 't' || raw[0] == 'f':
		if action.kind == kindScrub {
			r.out = append(r.out, raw...)
			return true
		}
		r.receive(rule, "drop") // two values cannot be hidden behind a hash
		return false
	case action.kind == kindScrub && action.finds == 0:
		r.out = append(r.out, raw...)
		return true
	default:
		r.plain = append(r.plain[:0], raw...)
	}
	r.result, kept = action.apply(r.result[:0], envelope.View(r.plain), r.key)
	switch {
	case !kept:
		r.receive(rule, "drop")
	case scan.Equal(r.result, r.plain):
		r.out = append(r.out, raw...)
	default:
		r.received(rule, action)
		if number && isNumber(r.result) {
			r.out = append(r.out, r.result...)
		} else {
			r.out = envelope.AppendString(r.out, envelope.View(r.result))
		}
	}
	return kept
}

func isNumber(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	end, _, code := scan.NumberEnd(b, 0)
	return code == scan.OK && end == len(b)
}

func (r *redactor) received(rule string, action *Action) {
	if action.kind == kindHash {
		b := append(append(r.arena.Bytes(len("hash:")+len(r.key.ID)), "hash:"...), r.key.ID...)
		r.receive(rule, r.arena.KeepString(b))
		return
	}
	r.receive(rule, action.Name())
}

// maxReceipts bounds what redaction leaves: the names in a document are for its sender to choose.
const maxReceipts = 64

// longestField bounds the path that a receipt names, for the same reason: a
// longer one is told as cutField.
const (
	longestField = 256
	cutField     = "…"
)

// receive leaves a receipt for the value at the current path, one for all that differ in an index.
func (r *redactor) receive(rule, action string) {
	r.event.Redacted = true
	path := envelope.View(r.path)
	if len(path) > longestField {
		path = cutField
	}
	for _, had := range r.event.Receipts {
		if had.Rule == rule && had.Action == action && had.Field == path {
			return
		}
	}
	if n := len(r.event.Receipts); n >= maxReceipts {
		const more = "*"
		if last := &r.event.Receipts[n-1]; last.Field != more {
			r.event.Receive(envelope.Receipt{Rule: rule, Field: more, Action: action})
		}
		return
	}
	r.event.Receive(envelope.Receipt{Rule: rule, Field: r.arena.Copy(envelope.ViewBytes(path)), Action: action})
}
