// Package reference declares every member of the collector's settings once. The
// page and the JSON Schema beside package collector are made of the
// declaration, and tests hold the parser to it, which is written by hand: what
// reflects is too large for the edge.
package reference

//go:generate go test -run TestPublished -update .

// Member is one member of an object.
type Member struct {
	Name     string
	Doc      string
	Default  string // JSON; empty for none
	Required bool
	Value    Value
	// Beside are further members that this one needs, as JSON without braces,
	// where a sample of it is made.
	Beside string
}

// Value is what a member may hold.
type Value struct {
	Type Type

	Choices     []string // of text: all there are, in any case of letters if AnyCase
	AnyCase     bool
	Least, Most int      // of an integer
	Sample      string   // of text: JSON that is accepted; of an object with free names: a name
	Wrong       []string // JSON of the right type that is refused

	Each     *Value    // items of an array, or what the names of an object with free names stand for
	Members  []Member  // of an object
	AnyOf    []string  // of an object: members of which at least one is needed
	Open     bool      // of an object: members that are not declared are passed over
	By       string    // of an object with variants: the member that says which
	Variants []Variant // of an object
}

// Type is a JSON type.
type Type string

// The types of settings.
const (
	Text    Type = "string"
	Boolean Type = "boolean"
	Integer Type = "integer"
	Array   Type = "array"
	Object  Type = "object"
)

// Variant is one form of an object: which one says a member of its.
type Variant struct {
	Name    string
	Doc     string
	Members []Member
	Needs   bool // at least one of the members
}

func text(sample string, wrong ...string) Value {
	return Value{Type: Text, Sample: sample, Wrong: wrong}
}

func choice(names ...string) Value {
	return Value{Type: Text, Choices: names, Wrong: []string{`"none such"`}}
}

func integer(least, most int) Value { return Value{Type: Integer, Least: least, Most: most} }

func boolean() Value { return Value{Type: Boolean} }

func list(of Value) Value { return Value{Type: Array, Each: &of} }

func object(members ...Member) Value { return Value{Type: Object, Members: members} }

// named is an object whose names are free, such as sample.
func named(sample string, of Value, wrong ...string) Value {
	return Value{Type: Object, Sample: sample, Each: &of, Wrong: wrong}
}

// either is an object of whose members at least one of those named is needed.
func either(names []string, members ...Member) Value {
	return Value{Type: Object, Members: members, AnyOf: names}
}
