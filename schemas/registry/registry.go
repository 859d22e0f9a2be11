// Package registry finds schemas: in a folder of Iglu layout, and later in
// Iglu servers, object stores and databases.
package registry

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"

	"github.com/valyala/fastjson"

	"weir/schemas/compile"
)

// The parts of a schema key, as Iglu spells them.
var (
	vendorPart  = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	namePart    = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)
	versionPart = regexp.MustCompile(`^[1-9][0-9]*-(0|[1-9][0-9]*)-(0|[1-9][0-9]*)$`)
)

// Folder reads every JSON Schema below root, laid out as
// vendor/name/jsonschema/version, in lexical order. Paths of another shape,
// schemas of another format and files beside a schema ("1-0-0.good.ndjson")
// are ignored.
//
// The error joins one error per fault: a file that is not JSON, a "self" that
// is missing or says another key than the path, a file in a jsonschema folder
// whose name is almost a version.
func Folder(root fs.FS) ([]compile.Source, error) {
	var sources []compile.Source
	var faults []error
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		parts := strings.Split(file, "/")
		if entry.IsDir() {
			if file != "." && strings.HasPrefix(entry.Name(), ".") || len(parts) == 3 && entry.Name() != "jsonschema" {
				return fs.SkipDir
			}
			return nil
		}
		if len(parts) != 4 || !vendorPart.MatchString(parts[0]) || !namePart.MatchString(parts[1]) {
			return nil
		}
		if !versionPart.MatchString(parts[3]) {
			if name, ok := nearlyVersion(parts[3]); ok {
				faults = append(faults, fmt.Errorf("%s: a schema's file name is its version alone, like 1-0-0: rename it to %s", file, name))
			}
			return nil
		}
		b, err := fs.ReadFile(root, file)
		if err != nil {
			return fmt.Errorf("reading schema: %w", err)
		}
		key := "iglu:" + file
		if err := checkSelf(b, key); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
			return nil
		}
		sources = append(sources, compile.Source{Key: key, Path: file, JSON: b})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading schema folder: %w", err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return sources, nil
}

// nearlyVersion recognises names that were meant to be versions.
func nearlyVersion(name string) (want string, ok bool) {
	base := strings.TrimSuffix(name, path.Ext(name))
	switch ext := path.Ext(name); {
	case ext == ".json" && versionPart.MatchString(base):
		return base, true
	case ext == "" && regexp.MustCompile(`^[0-9]+(-[0-9]+)*$`).MatchString(name):
		return "MODEL-REVISION-ADDITION, beginning at 1-0-0", true
	}
	return "", false
}

// checkSelf checks that the schema says of itself what its path says.
func checkSelf(b []byte, key string) error {
	v, err := fastjson.ParseBytes(b)
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	self := v.Get("self")
	if self == nil {
		return fmt.Errorf(`no "self": add vendor, name, format and version, as in %s`, key)
	}
	said := fmt.Sprintf("iglu:%s/%s/%s/%s", self.GetStringBytes("vendor"), self.GetStringBytes("name"), self.GetStringBytes("format"), self.GetStringBytes("version"))
	if said != key {
		return fmt.Errorf(`"self" says %s and the path says %s: change one of them`, said, key)
	}
	return nil
}
