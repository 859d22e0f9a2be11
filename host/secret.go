package host

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"weir/edge/signature"
	"weir/sinks"
)

// keptSecret reads the generated secret, which it generates at the first start
// and keeps with mode 0600.
func keptSecret(path string) (sinks.Secret, error) {
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		secret := strings.TrimSpace(string(text))
		if _, err := signature.ParseSecret(secret); err != nil {
			return "", fmt.Errorf("the edges' secret in %s is damaged (%w): restore the file, or delete it to have another generated, which edges must then be given", path, err)
		}
		return sinks.Secret(secret), nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("reading the edges' secret: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	if err := writeSynced(path, []byte(secret+"\n")); err != nil {
		return "", fmt.Errorf("keeping the edges' secret: %w", err)
	}
	return sinks.Secret(secret), nil
}

// writeSynced writes a file that is there in whole or not at all.
func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path+".tmp", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
