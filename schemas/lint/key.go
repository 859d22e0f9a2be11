package lint

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// key is an Iglu schema key.
type key struct {
	Vendor, Name, Format      string
	Model, Revision, Addition int // SchemaVer; Model is at least 1
}

// version is the SchemaVer of the key.
func (k key) version() string {
	return strconv.Itoa(k.Model) + "-" + strconv.Itoa(k.Revision) + "-" + strconv.Itoa(k.Addition)
}

// The grammar of Iglu keys.
var (
	vendorGrammar  = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	nameGrammar    = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	versionGrammar = regexp.MustCompile(`^([1-9][0-9]*)-(0|[1-9][0-9]*)-(0|[1-9][0-9]*)$`)
)

// parseVersion reads a SchemaVer, MODEL-REVISION-ADDITION, each part an int32.
func parseVersion(s string) (model, revision, addition int, ok bool) {
	m := versionGrammar.FindStringSubmatch(s)
	if m == nil {
		return 0, 0, 0, false
	}
	var parts [3]int
	for i := range parts {
		n, err := strconv.ParseInt(m[i+1], 10, 32)
		if err != nil {
			return 0, 0, 0, false
		}
		parts[i] = int(n)
	}
	return parts[0], parts[1], parts[2], true
}

// find lists what is meant to be a schema: every file at vendor/name/jsonschema/version,
// a misspelt version included, and none of the examples and notes beside it.
func find(root fs.FS) ([]string, error) {
	var files []string
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		}
		parts := strings.Split(name, "/")
		beside := strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".md")
		if len(parts) == 4 && parts[2] == "jsonschema" && !beside {
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

func (d *document) checkPath() {
	parts := strings.Split(d.file, "/")
	vendor, name, format, version := parts[0], parts[1], parts[2], parts[3]
	switch {
	case !vendorGrammar.MatchString(vendor):
		d.add(Error, "path", nil, "vendor %q may hold only letters, digits, '.', '-' and '_'", vendor)
	case !nameGrammar.MatchString(name):
		d.add(Error, "path", nil, "name %q may hold only letters, digits, '-' and '_'", name)
	default:
		model, revision, addition, ok := parseVersion(version)
		if !ok {
			d.add(Error, "version", nil, "%q is not a SchemaVer: name the file MODEL-REVISION-ADDITION, for example 1-0-0", version)
			return
		}
		d.key = key{vendor, name, format, model, revision, addition}
	}
}

// checkSelf compares "self" with the path, which is how registries find the schema.
func (d *document) checkSelf() {
	self := d.tree.get("self")
	if self == nil {
		d.add(Error, "self", d.tree, `"self" is missing: a self-describing schema names its vendor, name, format and version`)
		return
	}
	if self.kind != object {
		d.add(Error, "self", self, `"self" is an object with vendor, name, format and version`)
		return
	}
	parts := strings.Split(d.file, "/")
	for i, name := range []string{"vendor", "name", "format", "version"} {
		value := self.get(name)
		switch {
		case value == nil:
			d.add(Error, "self", self, `"self" lacks %q`, name)
		case value.kind != text:
			d.add(Error, "self", value, "%q must be a string, not %s", name, value.kind)
		case name == "version" && !versionGrammar.MatchString(value.text):
			d.add(Error, "version", value, "%q is not a SchemaVer: write MODEL-REVISION-ADDITION, for example 1-0-0", value.text)
		case value.text != parts[i]:
			d.add(Error, "self", value, "%s is %q here but %q in the path", name, value.text, parts[i])
		}
	}
	for _, m := range self.members {
		if !slices.Contains([]string{"vendor", "name", "format", "version"}, m.name) {
			d.add(Warning, "self", m.value, `"self" has no member %q`, m.name)
		}
	}
}
