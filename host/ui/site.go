package ui

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// site serves embedded files under one Content-Security-Policy.
type site struct {
	files  map[string]file // by path
	policy string
}

type file struct {
	folder fs.FS
	etag   string // hash of the content, quoted
}

// gather lists what the folders hold. The first that has a file wins.
func gather(folders ...fs.FS) map[string]file {
	files := map[string]file{}
	for _, folder := range folders {
		err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
			if _, taken := files[name]; taken || err != nil || d.IsDir() || path.Ext(name) == ".md" {
				return err
			}
			b, err := fs.ReadFile(folder, name)
			sum := sha256.Sum256(b)
			files[name] = file{folder, `"` + hex.EncodeToString(sum[:8]) + `"`}
			return err
		})
		if err != nil {
			panic(err) // embedded files can be read: only a broken build gets here
		}
	}
	return files
}

// folder is a folder of an embedded file system.
func folder(files embed.FS, name string) fs.FS {
	sub, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the name is not a valid path: a mistake of the program
	}
	return sub
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")

	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	f, ok := s.files[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	// Embedded files carry no time of change: the tag alone revalidates them.
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", f.etag)
	http.ServeFileFS(w, r, f.folder, name)
}

// policy allows a page its own files, and connections to the given sources only.
func policy(connect string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; " +
		"connect-src " + connect + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
}
