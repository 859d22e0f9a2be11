// Package judge gives events a verdict that the edge could not judge for want
// of a schema. It looks schemas up in the host's folders; what is not there
// either makes a failed event that says so.
package judge

import (
	"bytes"
	"sync/atomic"
	"time"

	"weir/edge/privacy"
	"weir/schemas/validate"
)

// KeywordUnknown is the keyword of the violation of an event whose schema no
// registry of the host holds.
const KeywordUnknown = "unknownSchema"

// Judge holds the host's schemas. It is safe for concurrent use.
type Judge struct {
	schemas schemas
	private atomic.Pointer[private] // of the last set
}

// private holds what the annotations of a set say.
type private struct {
	set         *validate.Set
	annotations privacy.Annotations
}

// annotations returns those of a set, read once for all events judged by it.
func (j *Judge) annotations(set *validate.Set) *privacy.Annotations {
	p := j.private.Load()
	if p == nil || p.set != set {
		p = &private{set, privacy.ReadAnnotations(set)}
		j.private.Store(p)
	}
	return &p.annotations
}

// New compiles the schemas of all folders. Without folders every schema is
// unknown. Errors name the file at fault.
//
// Folders that change are read again while events are judged, within seconds;
// report, which must not block, is then told of it: nil, or why the schemas
// read before stay.
func New(folders []string, report func(error)) (*Judge, error) {
	j := &Judge{schemas: schemas{folders: folders, report: func(error) {}, now: time.Now}}
	if err := j.schemas.look(true); err != nil {
		return nil, err
	}
	j.schemas.report = report
	return j, nil
}

// Refresh reads the folders at once. After an error the schemas read before
// stay.
func (j *Judge) Refresh() error {
	j.schemas.mu.Lock()
	defer j.schemas.mu.Unlock()
	return j.schemas.look(true)
}

// Bundle returns the compiled schemas, for edges to judge by themselves, as the
// folders have them or had them a moment ago; nil without any. It must not be changed.
func (j *Judge) Bundle() []byte { return j.schemas.bundle() }

// violation is a rule that an event broke, as envelopes spell it.
type violation struct {
	Schema  string `json:"schema"`
	Path    string `json:"path"` // RFC 6901 pointer into the envelope
	Keyword string `json:"keyword"`
	Message string `json:"message"`
}

// check judges one self-describing payload that stands at path in the envelope.
func check(set *validate.Set, dst []violation, schema string, data []byte, path string) []violation {
	var p validate.Program
	known := false
	if set != nil {
		p, known = set.Lookup([]byte(schema))
	}
	if !known {
		return append(dst, violation{schema, path + "/schema", KeywordUnknown,
			"neither the edge nor the host holds this schema: add it to a folder listed under schemas"})
	}
	for _, v := range p.Validate(nil, bytes.TrimSpace(data)) {
		dst = append(dst, violation{
			Schema:  schema,
			Path:    string(v.AppendPath([]byte(path + "/data"))),
			Keyword: v.Keyword(),
			Message: string(v.AppendMessage(nil)),
		})
	}
	return dst
}
