// Package lint finds what is wrong with schemas before they are compiled: in
// the JSON, in the Iglu key and its place in the folder, in keywords that
// contradict each other or can never take effect, in strings and arrays without
// a limit, in a version that breaks what its number promises to keep, and in
// personal data that nobody decided about.
//
// [Diff] tells what changed between two folders, and how far each change must
// raise the version.
package lint

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
)

// Severity says what a finding means.
type Severity string

const (
	// Error is a fault: the schema cannot be used, or not as it says.
	Error Severity = "error"
	// Warning is likely a mistake.
	Warning Severity = "warning"
)

// Finding is one fault at one place.
type Finding struct {
	File     string   `json:"file"`
	Line     int      `json:"line"`    // from 1; 0 when the finding is about the file as a whole
	Column   int      `json:"column"`  // from 1, in bytes
	Pointer  string   `json:"pointer"` // RFC 6901, into the schema
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"`
	Message  string   `json:"message"`
}

// String formats a finding as compilers do, so that editors find the place.
func (f Finding) String() string {
	where := f.File
	if f.Line > 0 {
		where = fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	if f.Pointer != "" {
		where += ": " + f.Pointer
	}
	return fmt.Sprintf("%s: %s: %s [%s]", where, f.Severity, f.Message, f.Rule)
}

// Folder lints every schema below root, laid out as vendor/name/format/version,
// and returns the findings by file and line, with the number of schemas read.
// The error is about reading or about weir itself, never about a schema.
func Folder(root fs.FS) (findings []Finding, schemas int, err error) {
	files, err := find(root)
	if err != nil {
		return nil, 0, err
	}
	var documents []*document
	for _, file := range files {
		text, err := fs.ReadFile(root, file)
		if err != nil {
			return nil, 0, fmt.Errorf("reading schema: %w", err)
		}
		d := &document{file: file, text: text}
		d.lint()
		documents = append(documents, d)
	}
	compareVersions(documents)
	if err := compileClean(documents); err != nil {
		return nil, 0, err
	}
	for _, d := range documents {
		findings = append(findings, d.findings...)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return findings, len(documents), nil
}

// document is one schema file on its way through the rules.
type document struct {
	file     string
	text     []byte
	tree     *node // nil if the text is not JSON
	key      key   // of the path; zero if the path is wrong
	draft    draft
	findings []Finding
}

func (d *document) lint() {
	d.checkPath()
	tree, err := parse(d.text)
	if err != nil {
		d.add(Error, "json", err.node, "%s", err.message)
		return
	}
	d.tree = tree
	if tree.kind != object && tree.kind != boolean {
		d.add(Error, "json", tree, "a schema is a JSON object, not %s", tree.kind)
		return
	}
	d.checkDialect()
	d.checkSelf()
	d.walk(tree)
	d.checkUnbounded()
}

// walk applies the rules to a schema and to every schema inside it.
func (d *document) walk(s *node) {
	if s.kind != object {
		return
	}
	d.checkKeywords(s)
	d.checkBounds(s)
	d.checkConflicts(s)
	d.checkReach(s)
	d.checkMembers(s)
	d.checkValues(s)
	d.checkPrivacy(s)
	for _, sub := range subschemas(s) {
		d.walk(sub)
	}
}

// add records a finding at a node; nil stands for the file as a whole.
func (d *document) add(severity Severity, rule string, at *node, format string, args ...any) {
	f := Finding{File: d.file, Severity: severity, Rule: rule, Message: fmt.Sprintf(format, args...)}
	if at != nil {
		f.Line, f.Column = position(d.text, at.offset)
		f.Pointer = at.pointer()
	}
	d.findings = append(d.findings, f)
}
