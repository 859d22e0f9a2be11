package need

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// finders knows where each part usually is. An error says what to do about it.
var finders = map[string]func() (string, error){
	"go":              onPath("install Go", "go"),
	"node":            onPath("install Node 20 or later", "node"),
	"npm":             onPath("install npm", "npm"),
	"chromium":        onPath("install chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
	"python3":         onPath("install Python 3", "python3"),
	"strace":          onPath("install strace", "strace"),
	"java":            onPath("install Java 17 or later", "java"),
	"sqlite3":         onPath("install sqlite3", "sqlite3"),
	"systemd-analyze": onPath("install systemd", "systemd-analyze"),
	"wasm-opt":        onPath("install binaryen", "wasm-opt"),

	"postgres":  postgres,
	"mosquitto": daemon("install mosquitto", "mosquitto"),
	// What Debian has on PATH runs the node of the machine, as another user.
	"rabbitmq-server": func() (string, error) {
		if path, err := firstThatExists([]string{"/usr/lib/rabbitmq/bin/rabbitmq-server"}, ""); err == nil {
			return path, nil
		}
		return onPath("install rabbitmq-server", "rabbitmq-server")()
	},
	// The last is the same program: it is a server when it is called one.
	"redis-cli":    onPath("install redis-tools", "redis-cli", "valkey-cli"),
	"redis-server": onPath("install redis-tools, or Redis or Valkey", "redis-server", "valkey-server", "redis-check-rdb"),
	"timescaledb": func() (string, error) {
		server, err := postgres()
		if err != nil {
			return "", err
		}
		version := filepath.Base(filepath.Dir(filepath.Dir(server)))
		return firstThatExists([]string{"/usr/share/postgresql/" + version + "/extension/timescaledb.control"}, "install TimescaleDB for the server at "+server)
	},
	"materialize": func() (string, error) {
		if dsn := os.Getenv("WEIR_MATERIALIZE"); dsn != "" {
			return dsn, nil
		}
		return "", errors.New("set WEIR_MATERIALIZE to the connection string of one")
	},
	"mariadbd": func() (string, error) {
		if path, err := exec.LookPath("mariadbd"); err == nil {
			return path, nil
		}
		return firstThatExists([]string{"/usr/sbin/mariadbd", "/usr/libexec/mariadbd"}, "install mariadb-server")
	},
	"chdb": func() (string, error) {
		dir := filepath.Join(Cache(), "python", "chdb")
		_, err := firstThatExists([]string{filepath.Join(dir, ".version")}, "run .tools/setup, which installs it")
		return dir, err
	},
	"nats-server": func() (string, error) {
		return firstThatExists([]string{filepath.Join(Cache(), "bin", "nats-server")}, "run .tools/setup, which builds it")
	},
	"pyarrow": func() (string, error) {
		dir := filepath.Join(Cache(), "python", "pyarrow")
		_, err := firstThatExists([]string{filepath.Join(dir, "pyarrow")}, "run .tools/setup, which installs it")
		return dir, err
	},
	"pebble":              fetched("pebble"),
	"pebble-challtestsrv": fetched("pebble-challtestsrv"),
	"versitygw": func() (string, error) {
		return firstThatExists([]string{filepath.Join(Cache(), "bin", "versitygw")}, "run .tools/setup, which builds it")
	},
	"kafka": func() (string, error) {
		dir := filepath.Join(Cache(), "kafka")
		_, err := firstThatExists([]string{filepath.Join(dir, "pom.xml")}, "run .tools/setup, which fetches it through Maven")
		return dir, err
	},
	"workerd": workerd,

	// The collector compiled by TinyGo, and the schemas it is handed at start.
	"edge.wasm":      built("edge/wazero/module/edge.wasm"),
	"default.bundle": built("edge/wazero/module/default.bundle"),
}

// Package returns the folder of an npm package that edge/package.json names.
func Package(t testing.TB, name string) string {
	t.Helper()
	return Part(t, "npm:"+name, func() (string, error) { return npmPackage(name) })
}

// Cache is where everything built or downloaded lives, outside the tree:
// $WEIR_CACHE, else weir in the user's cache folder.
func Cache() string {
	if dir := os.Getenv("WEIR_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = os.TempDir()
	}
	return filepath.Join(home, ".cache", "weir")
}

// Root is the top of the repository: the nearest folder above the working
// directory that holds weir's go.mod.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the repository: %w", err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module weir\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("finding the repository: no go.mod of module weir above the working directory")
		}
		dir = parent
	}
}

func onPath(fix string, names ...string) func() (string, error) {
	return func() (string, error) {
		for _, name := range names {
			if path, err := exec.LookPath(name); err == nil {
				return path, nil
			}
		}
		return "", fmt.Errorf("%s is not on PATH: %s", strings.Join(names, " or "), fix)
	}
}

// daemon finds a server that Debian keeps off the PATH of users.
func daemon(fix, name string) func() (string, error) {
	return func() (string, error) {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
		return firstThatExists([]string{filepath.Join("/usr/sbin", name)}, fix)
	}
}

// fetched finds a program that .tools/setup builds into the cache.
func fetched(name string) func() (string, error) {
	return func() (string, error) {
		return firstThatExists([]string{filepath.Join(Cache(), "bin", name)}, "run .tools/setup, which builds it")
	}
}

func built(path string) func() (string, error) {
	return func() (string, error) {
		root, err := Root()
		if err != nil {
			return "", err
		}
		return firstThatExists([]string{filepath.Join(root, path)}, "run make edge")
	}
}

// postgres returns the server program; initdb and psql lie beside it. Debian
// keeps it off PATH, one folder a version.
func postgres() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("no PostgreSQL server on PATH or below /usr/lib/postgresql: install postgresql")
	}
	slices.Sort(found)
	return found[len(found)-1], nil
}

func workerd() (string, error) {
	if path, err := exec.LookPath("workerd"); err == nil {
		return path, nil
	}
	arch := map[string]string{"amd64": "64", "arm64": "arm64"}[runtime.GOARCH]
	dir, err := npmPackage("@cloudflare/workerd-" + runtime.GOOS + "-" + arch)
	if err != nil {
		return "", err
	}
	return firstThatExists([]string{filepath.Join(dir, "bin", "workerd")}, "run make setup")
}

func npmPackage(name string) (string, error) {
	places := []string{filepath.Join(Cache(), "npm", "node_modules", name)}
	if root, err := Root(); err == nil {
		places = append(places, filepath.Join(root, "edge", "node_modules", name))
	}
	return firstThatExists(places, "run make setup")
}

func firstThatExists(places []string, fix string) (string, error) {
	for _, place := range places {
		if _, err := os.Stat(place); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("%s does not exist: %s", strings.Join(places, " or "), fix)
}
