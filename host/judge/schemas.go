package judge

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
	"weir/schemas/validate"
)

// lookEvery is how often folders are looked at while events want judging.
const lookEvery = 5 * time.Second

// schemas are the compiled schemas of folders that may change.
type schemas struct {
	folders []string
	report  func(error)
	now     func() time.Time

	mu     sync.Mutex
	set    *validate.Set // nil when there is no schema
	text   []byte        // the bundle that set lies in
	state  [sha256.Size]byte
	failed string // what was reported last, if it was an error
	looked time.Time
}

// current returns the schemas as the folders have them, or had them a moment
// ago.
func (s *schemas) current() *validate.Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookAgain()
	return s.set
}

// bundle returns them as edges take them, nil when there is no schema. It must
// not be changed.
func (s *schemas) bundle() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookAgain()
	return s.text
}

func (s *schemas) lookAgain() {
	if since := s.now().Sub(s.looked); len(s.folders) > 0 && (since >= lookEvery || since < 0) {
		s.look(false)
	}
}

// look reads the folders if they have changed, or anyway. While they are at
// fault the last good schemas stay; each fault is reported once.
func (s *schemas) look(anyway bool) error {
	s.looked = s.now()
	state, err := fingerprint(s.folders) // first: what changes while reading is read again
	if err == nil && state == s.state && !anyway {
		return nil
	}
	s.state = state
	var set *validate.Set
	var text []byte
	if err == nil {
		set, text, err = read(s.folders)
	}
	switch {
	case err == nil:
		s.set, s.text, s.failed = set, text, ""
	case s.failed == err.Error():
		return err
	default:
		s.failed = err.Error()
	}
	s.report(err)
	return err
}

// fingerprint changes when a file below the folders is added, removed or
// written.
func fingerprint(folders []string) (sum [sha256.Size]byte, err error) {
	h := sha256.New()
	for _, dir := range folders {
		err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			var stat [16]byte
			binary.LittleEndian.PutUint64(stat[:], uint64(info.Size()))
			binary.LittleEndian.PutUint64(stat[8:], uint64(info.ModTime().UnixNano()))
			h.Write([]byte(path))
			h.Write(stat[:])
			return nil
		})
		if err != nil {
			return sum, fmt.Errorf("looking at schemas in %s: %w", dir, err)
		}
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// read compiles the schemas of all folders.
func read(folders []string) (*validate.Set, []byte, error) {
	var sources []compile.Source
	for _, dir := range folders {
		if info, err := os.Stat(dir); err != nil {
			return nil, nil, fmt.Errorf("reading schemas: %w", err)
		} else if !info.IsDir() {
			return nil, nil, fmt.Errorf("reading schemas: %s is not a folder", dir)
		}
		found, err := registry.Folder(os.DirFS(dir))
		if err != nil {
			return nil, nil, fmt.Errorf("reading schemas in %s: %w", dir, err)
		}
		sources = append(sources, found...)
	}
	if len(sources) == 0 {
		return nil, nil, nil
	}
	text, err := compile.Bundle(sources, compile.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("compiling schemas: %w", err)
	}
	b, err := bundle.Open(text)
	if err != nil {
		return nil, nil, fmt.Errorf("opening compiled schemas: %w", err)
	}
	return validate.NewSet(b), text, nil
}
