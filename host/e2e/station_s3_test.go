package e2e

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"weir/edge/toolchain/need"
	"weir/host/e2e/fault"
)

func init() { moreStations = append(moreStations, s3Station) }

// s3Station is a bucket of a Versity gateway, which keeps objects as files.
func s3Station(t *testing.T) station {
	program := need.Tool(t, "versitygw")
	dir := t.TempDir()
	objects, address := filepath.Join(dir, "objects"), freeAddress(t)
	for _, folder := range []string{filepath.Join(objects, "events"), filepath.Join(dir, "metadata")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	p := launch(t, "versitygw", nil, program, "--access", "owner", "--secret", "owner-secret", "--port", address, "--quiet",
		"posix", "--sidecar", filepath.Join(dir, "metadata"), objects)
	eventually(t, "the S3 server answers", func() error {
		response, err := http.Get("http://" + address + "/")
		if err != nil {
			return firstOf(p.alive(), err)
		}
		return response.Body.Close()
	})
	proxy := fault.Start(t, address)
	return station{name: "s3", set: proxy.Set, at: bucket(filepath.Join(objects, "events")), unique: true, byBatch: true,
		settings: fmt.Sprintf(`s3: {endpoint: "http://%s", insecure: true, path_style: true, bucket: events, access_key: owner, secret_key: owner-secret, compression: none}`, proxy.Address())}
}

// firstOf returns the first error that there is.
func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket is a folder of objects, lines of envelopes.
type bucket string

func (b bucket) eventIDs(app string) (map[string]int, error) {
	ids := map[string]int{}
	err := filepath.WalkDir(string(b), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".ndjson") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return countLines(ids, app, text)
	})
	return ids, err
}
