package salt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// File is a store of one host: a file with mode 0600. It lies beside the journal
// and not in it, as a journal may be shipped off the machine, where nothing
// would ever be destroyed.
type File struct {
	path string
	mu   sync.Mutex
}

// NewFile returns a store in the file at path, which need not exist.
func NewFile(path string) *File { return &File{path: path} }

// List implements Store.
func (f *File) List(context.Context) (map[string][]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.read()
}

// Create implements Store.
func (f *File) Create(_ context.Context, id string, value []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	values, err := f.read()
	if err != nil {
		return nil, err
	}
	if kept, ok := values[id]; ok {
		return kept, nil
	}
	values[id] = value
	return value, f.write(values)
}

// Delete implements Store.
func (f *File) Delete(_ context.Context, id string) (bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	values, err := f.read()
	if err != nil {
		return false, err
	}
	if _, ok := values[id]; !ok {
		return false, nil
	}
	delete(values, id)
	return true, f.write(values)
}

func (f *File) read() (map[string][]byte, error) {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string][]byte{}, nil
	}
	if err != nil {
		return nil, err
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): delete it to have other salts made, which begins new ids", f.path, err)
	}
	values := make(map[string][]byte, len(raw))
	for id, value := range raw {
		values[id] = value
	}
	return values, nil
}

// write replaces the file by one that is there in whole. The name of the old
// one is gone then; its bytes are the disk's until it writes over them.
func (f *File) write(values map[string][]byte) error {
	raw := make(map[string]json.RawMessage, len(values))
	for id, value := range values {
		raw[id] = value
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return err
	}
	temporary := f.path + ".tmp"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, f.path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
