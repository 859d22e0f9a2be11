package wazero

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

//go:embed module
var module embed.FS

// ErrNotCompiled says that the program was built without the edge module.
var ErrNotCompiled = errors.New("this program holds no edge module: run `make edge`, then build it again")

// Module returns the edge module that `make edge` compiled into the program.
func Module() ([]byte, error) { return embedded("module/edge.wasm") }

// DefaultBundle returns the compiled schemas of the repository.
func DefaultBundle() ([]byte, error) { return embedded("module/default.bundle") }

func embedded(name string) ([]byte, error) {
	b, err := module.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w (%s is missing)", ErrNotCompiled, name)
	}
	return b, err
}
