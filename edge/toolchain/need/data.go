package need

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Data returns a folder of reference data ("iglu-central",
// "JSON-Schema-Test-Suite"): below $WEIR_DATA if that is set, else unpacked
// into the cache from the archive pinned in .tools/data.
func Data(t testing.TB, name string) string {
	t.Helper()
	return Part(t, "data:"+name, func() (string, error) {
		if dir := os.Getenv("WEIR_DATA"); dir != "" {
			return firstThatExists([]string{filepath.Join(dir, name)}, "WEIR_DATA names the folder that holds it")
		}
		root, err := Root()
		if err != nil {
			return "", err
		}
		archive, err := os.ReadFile(filepath.Join(root, ".tools", "data", name+".tar.gz"))
		if err != nil {
			return "", err
		}
		return unpacked(archive, name)
	})
}

// unpacked returns the folder called name in an archive, from the cache if the
// same archive was unpacked before.
func unpacked(archive []byte, name string) (string, error) {
	place := filepath.Join(Cache(), "data", fmt.Sprintf("%x", sha256.Sum256(archive))[:16])
	if _, err := os.Stat(place); err == nil {
		return filepath.Join(place, name), nil
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(place), ".unpacking-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := unpack(archive, fresh); err != nil {
		return "", fmt.Errorf("unpacking %s: %w", name, err)
	}
	// Another test may have finished first: its copy is as good.
	if err := os.Rename(fresh, place); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return filepath.Join(place, name), nil
}

func unpack(archive []byte, dir string) error {
	plain, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir) // an archive's paths stay below it
	if err != nil {
		return err
	}
	defer root.Close()
	files := tar.NewReader(plain)
	for {
		h, err := files.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(filepath.Clean(h.Name), 0o755)
		case tar.TypeReg:
			var text []byte
			if text, err = io.ReadAll(files); err == nil {
				err = root.WriteFile(h.Name, text, 0o644)
			}
		default:
			err = fmt.Errorf("%s is neither file nor folder", h.Name)
		}
		if err != nil {
			return err
		}
	}
}
