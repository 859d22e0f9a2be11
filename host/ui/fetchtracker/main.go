// Command fetchtracker copies the Snowplow browser tracker and its licence
// from the installed npm package to host/ui/tracker, where the demo page
// embeds them. It runs from anywhere in the repository.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"weir/edge/toolchain/need"
)

const pkg = "@snowplow/browser-tracker"

// copies maps files of the package to their names in host/ui/tracker.
var copies = map[string]string{
	"dist/index.umd.min.js": "index.umd.min.js",
	"LICENSE":               "index.umd.min.js.LICENSE.txt",
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fetchtracker:", err)
		os.Exit(1)
	}
}

func run() error {
	root, err := need.Root()
	if err != nil {
		return err
	}
	from, err := installed(root)
	if err != nil {
		return err
	}
	for source, name := range copies {
		if err := refresh(filepath.Join(root, "host", "ui", "tracker", name), filepath.Join(from, source)); err != nil {
			return err
		}
	}
	return nil
}

func installed(root string) (string, error) {
	for _, modules := range []string{
		filepath.Join(root, "edge", "node_modules"),
		filepath.Join(need.Cache(), "npm", "node_modules"),
	} {
		dir := filepath.Join(modules, pkg)
		if _, err := os.Stat(dir); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%s is not installed: run make setup", pkg)
}

// refresh copies a file unless the copy is the same already: an untouched
// file keeps Go's build cache warm.
func refresh(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading the tracker: %w", err)
	}
	if old, err := os.ReadFile(to); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := os.WriteFile(to, b, 0o644); err != nil {
		return fmt.Errorf("copying the tracker: %w", err)
	}
	return nil
}
