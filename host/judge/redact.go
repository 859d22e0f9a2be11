package judge

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/schemas/validate"
)

// redact does to the data of an envelope what the annotations of its schemas
// say, but for those schemas that are done, and reports whether that changed
// it. The host has no key of hashes: what should be hashed is dropped. The
// fingerprint of an envelope that was changed is emptied, since the values
// could be found by trying.
func (j *Judge) redact(set *validate.Set, line []byte, done func(schema string) bool) (redacted []byte, changed bool) {
	if set == nil {
		return line, false
	}
	r := redaction{line: line, annotations: j.annotations(set), done: done}
	r.payload(set, "unstruct_event", "unstruct_event")
	for i := range gjson.GetBytes(line, "contexts.#").Int() {
		r.payload(set, "contexts."+strconv.FormatInt(i, 10), "contexts")
	}
	if len(r.event.Receipts) == 0 {
		return line, false
	}
	if f := gjson.GetBytes(line, envelope.EventFingerprint.Name()); f.Exists() {
		r.replace(f, []byte(`""`))
	}
	r.receipts()
	return r.splice(), true
}

type redaction struct {
	line        []byte
	annotations *privacy.Annotations
	done        func(schema string) bool
	run         validate.Run
	arena       envelope.Arena
	event       envelope.Event // takes the receipts
	edits       []edit
}

// edit puts other bytes where line[from:to] stands.
type edit struct {
	from, to int
	with     []byte
}

func (r *redaction) payload(set *validate.Set, path, field string) {
	schema, data := gjson.GetBytes(r.line, path+".schema").String(), gjson.GetBytes(r.line, path+".data")
	program, ok := set.Lookup([]byte(schema))
	if !ok || !data.Exists() || r.done(schema) {
		return
	}
	s := envelope.SelfDescribing{Schema: schema, Data: bytes.TrimSpace([]byte(data.Raw))}
	program.Run(&r.run, s.Data)
	spans, doubt := r.annotations.Spans(nil, program, &r.run)
	before := len(r.event.Receipts)
	var rules privacy.Rules
	rules.Redact(&r.arena, &r.event, &s, field, spans, doubt)
	if len(r.event.Receipts) > before {
		r.replace(data, s.Data)
	}
}

func (r *redaction) replace(old gjson.Result, with []byte) {
	r.edits = append(r.edits, edit{old.Index, old.Index + len(old.Raw), with})
}

// receipts adds what was done to the receipts that the edge left, or begins a list of them.
func (r *redaction) receipts() {
	var list []byte
	for _, receipt := range r.event.Receipts {
		text, err := json.Marshal(map[string]string{"rule": receipt.Rule, "field": receipt.Field, "action": receipt.Action})
		if err != nil {
			panic(err) // strings
		}
		list = append(append(list, ','), text...)
	}
	if had := gjson.GetBytes(r.line, "weir.receipts"); had.IsArray() {
		if len(had.Array()) == 0 {
			list = list[1:]
		}
		end := had.Index + len(had.Raw) - len("]")
		r.edits = append(r.edits, edit{end, end, list})
		return
	}
	weir := gjson.GetBytes(r.line, "weir")
	end := weir.Index + len(weir.Raw) - len("}")
	r.edits = append(r.edits, edit{end, end, append(append([]byte(`,"receipts":[`), list[1:]...), ']')})
}

func (r *redaction) splice() []byte {
	slices.SortFunc(r.edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	done := 0
	for _, e := range r.edits {
		out = append(append(out, r.line[done:e.from]...), e.with...)
		done = e.to
	}
	return append(out, r.line[done:]...)
}
