package privacy

import "weir/schemas/validate"

// Annotations are the actions that the schemas of a set name, by capture.
type Annotations struct{ actions []Action }

// ReadAnnotations reads the annotations of a set, once. One that cannot be read
// is a drop: its value must not pass.
func ReadAnnotations(set *validate.Set) Annotations {
	a := Annotations{make([]Action, 1)}
	for id := uint16(1); ; id++ {
		json := set.Annotation(id)
		if json == nil {
			return a
		}
		action, _ := ParseAction(json)
		a.actions = append(a.actions, action)
	}
}

// Spans appends to dst what must happen to which values of the document that p
// was last run on. doubt says that annotations may be missing, and the schema
// has some: of branches none of which holds, or beyond where the run gave up.
func (a *Annotations) Spans(dst []Span, p validate.Program, r *validate.Run) (spans []Span, doubt bool) {
	for _, capture := range r.Captures {
		if action := &a.actions[capture.ID]; !action.Keeps() {
			dst = append(dst, Span{Start: capture.Start, End: capture.End, Action: action})
		}
	}
	return dst, uncaptured(r) && p.Annotated(r)
}

func uncaptured(r *validate.Run) bool {
	if r.More > 0 {
		return true // one of those that were only counted may be such a violation
	}
	for i := range r.Violations {
		switch r.Violations[i].Keyword() {
		case "anyOf", "oneOf", "not", "if", "depth", "fuel", "syntax":
			return true
		}
	}
	return false
}
