package host_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// notInWasm is kept out of the edge module: each either pulls in reflection and formatting,
// hundreds of kilobytes in all, or stands for I/O that a pure core cannot do.
var notInWasm = []string{
	"fmt", "reflect", "regexp/...", "encoding/json/...", "encoding/xml", "encoding/gob", "encoding/csv",
	"net/...", "log/...", "text/...", "html/...", "math/big", "os/...", "io/ioutil", "database/...", "crypto/tls",
	"flag", "context", "testing/...", "go/...",
}

// notCalledInWasm are single functions of packages that are welcome otherwise.
var notCalledInWasm = map[string]string{
	"strconv.ParseFloat":  "it carries tables of 10 kB, and a float is not the decimal that was sent: use schemas/validate/decimal",
	"strconv.FormatFloat": "it carries tables of 10 kB: copy the digits that were sent",
}

// TestArrows parses every Go file, whatever its build tags. It reads files
// rather than asking `go list`, whose reading the test cache would not see.
func TestArrows(t *testing.T) {
	root := os.DirFS("..")
	seen := map[string]bool{}
	files := 0
	for _, top := range []string{"edge", "host", "schemas", "sinks"} {
		err := fs.WalkDir(root, top, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && (skipped(d.Name()) || otherModule(root, name)) {
				return fs.SkipDir
			}
			if d.IsDir() || path.Ext(name) != ".go" {
				return nil
			}
			source, err := fs.ReadFile(root, name)
			if err != nil {
				return err
			}
			files++
			folder := path.Dir(name)
			if _, ok := rooms[folder]; !ok && seen[folder] {
				return nil // said once
			}
			seen[folder] = true
			for _, problem := range judge(rooms, name, source) {
				t.Error(problem)
			}
			return nil
		})
		if err != nil {
			t.Errorf("walking %s: %v", top, err)
		}
	}
	if files == 0 || len(rooms) == 0 || len(libraries) == 0 {
		t.Fatalf("%d files, %d rooms, %d libraries: a check over nothing proves nothing", files, len(rooms), len(libraries))
	}
	for folder := range rooms {
		if !seen[folder] {
			t.Errorf("rooms has a row for %s, which holds no Go file: remove the row", folder)
		}
	}
}

func skipped(dir string) bool {
	return dir == "node_modules" || dir == "testdata" || dir == "build" || strings.HasPrefix(dir, ".") || strings.HasPrefix(dir, "_")
}

// otherModule reports whether a folder has a go.mod of its own, as the pinned toolchain does.
func otherModule(root fs.FS, folder string) bool {
	_, err := fs.Stat(root, path.Join(folder, "go.mod"))
	return err == nil
}

// judge says what is wrong with the imports of one file.
func judge(rooms map[string]room, name string, source []byte) (problems []string) {
	complain := func(format string, args ...any) {
		problems = append(problems, name+": "+fmt.Sprintf(format, args...))
	}
	folder, isTest := path.Dir(name), strings.HasSuffix(name, "_test.go")
	row, ok := rooms[folder]
	if !ok {
		complain("folder %s has no row in rooms (host/arrows_test.go): add one that says what it may import", folder)
		return problems
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		complain("%v", err)
		return problems
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			complain("%v", err)
			continue
		}
		switch weir, ours := strings.CutPrefix(imported, "weir/"); {
		case ours:
			allowed := row.may
			if isTest {
				allowed = append(slices.Clone(row.may), row.tests...)
				allowed = append(allowed, folder, "edge/toolchain/need")
			}
			if !covers(allowed, weir) {
				complain("%s", arrow(folder, weir, allowed))
			}
		case strings.Contains(strings.SplitN(imported, "/", 2)[0], "."):
			complainAboutLibrary(complain, folder, imported, isTest)
		case row.wasm && !isTest && covers(notInWasm, imported):
			complain("imports %s, which does not belong into the edge module: it costs size and start-up at every point of presence", imported)
		}
	}
	if row.wasm && !isTest {
		for call, why := range notCalledInWasm {
			if calls(file, call) {
				complain("uses %s in the edge module: %s", call, why)
			}
		}
	}
	return problems
}

func arrow(from, to string, allowed []string) string {
	top := func(folder string) string { return strings.SplitN(folder, "/", 2)[0] }
	order := map[string]int{"schemas": 0, "edge": 1, "sinks": 2, "host": 3}
	if order[top(to)] > order[top(from)] {
		return fmt.Sprintf("imports weir/%s: arrows run host → sinks → edge → schemas, so that the edge and the engine stay free of what only a host needs", to)
	}
	return fmt.Sprintf("imports weir/%s, but %s may import only %v: widen its row in rooms if the arrow is right", to, from, allowed)
}

func complainAboutLibrary(complain func(string, ...any), folder, imported string, isTest bool) {
	for module, row := range libraries {
		if imported != module && !strings.HasPrefix(imported, module+"/") {
			continue
		}
		if !covers(row.in, folder) && !(isTest && covers(row.tests, folder)) {
			complain("imports %s, which belongs to %v: %s", imported, row.in, row.why)
		}
		return
	}
	complain("imports %s, which has no row in libraries (host/arrows_test.go): add one that says where it belongs and why", imported)
}

// covers reports whether one of the patterns matches: a path itself, or with "/..." also all below it.
func covers(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		tree, isTree := strings.CutSuffix(pattern, "/...")
		return name == tree || isTree && strings.HasPrefix(name, tree+"/")
	})
}

func calls(file *ast.File, function string) (found bool) {
	pkg, name, _ := strings.Cut(function, ".")
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == name {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == pkg {
				found = true
			}
		}
		return !found
	})
	return found
}

// TestArrowsAreSeen breaks each rule once.
func TestArrowsAreSeen(t *testing.T) {
	const scan = "schemas/scan/x.go"
	rooms := map[string]room{
		"schemas/scan":   {wasm: true},
		"edge/collector": {may: []string{"schemas/scan"}, wasm: true},
		"sinks/stdout":   {may: []string{"sinks"}},
		"sinks/postgres": {may: []string{"sinks"}},
		"host/delivery":  {may: []string{"sinks"}},
	}
	for _, tt := range []struct{ name, file, source, say string }{
		{"unknown folder", "edge/novel/x.go", "package novel", "has no row in rooms"},
		{"arrow up", "schemas/scan/x.go", `package x; import _ "weir/edge/envelope"`, "arrows run host → sinks → edge → schemas"},
		{"arrow up from a test", "edge/collector/x_test.go", `package x; import _ "weir/host/journal"`, "arrows run host → sinks → edge → schemas"},
		{"edge to sinks", "edge/collector/x.go", `package x; import _ "weir/sinks"`, "arrows run host → sinks → edge → schemas"},
		{"sideways", "sinks/stdout/x.go", `package x; import _ "weir/sinks/postgres"`, "may import only"},
		{"client outside its sink", "host/delivery/x.go", `package x; import _ "github.com/jackc/pgx/v5"`, "belongs to [sinks/postgres"},
		{"SDK outside its runtime", "edge/collector/x.go", `package x; import _ "github.com/fastly/compute-sdk-go/fsthttp"`, "belongs to [edge/fastly"},
		{"library without a row", "host/delivery/x.go", `package x; import _ "example.com/novelty"`, "has no row in libraries"},
		{"fmt", scan, `package x; import _ "fmt"`, "does not belong into the edge module"},
		{"reflect", scan, `package x; import _ "reflect"`, "does not belong into the edge module"},
		{"regexp", scan, `package x; import _ "regexp"`, "does not belong into the edge module"},
		{"encoding/json", scan, `package x; import _ "encoding/json"`, "does not belong into the edge module"},
		{"net", scan, `package x; import _ "net/http"`, "does not belong into the edge module"},
		{"ParseFloat", scan, `package x; import "strconv"; var f, _ = strconv.ParseFloat("1", 64)`, "strconv.ParseFloat"},
		{"not Go", scan, `package x; import fmt`, "missing import path"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			problems := judge(rooms, tt.file, []byte(tt.source))
			if len(problems) != 1 || !strings.Contains(problems[0], tt.say) {
				t.Errorf("got %q, want one that says %q", problems, tt.say)
			}
		})
	}
	for _, tt := range []struct{ name, file, source string }{
		{"fmt in a test", "schemas/scan/x_test.go", `package x; import _ "fmt"`},
		{"need in a test", "schemas/scan/x_test.go", `package x; import _ "weir/edge/toolchain/need"`},
		{"client in its sink", "sinks/postgres/x.go", `package x; import _ "github.com/jackc/pgx/v5/pgxpool"`},
		{"down", "host/delivery/x.go", `package x; import _ "weir/sinks"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if problems := judge(rooms, tt.file, []byte(tt.source)); len(problems) > 0 {
				t.Errorf("complains about what is allowed: %q", problems)
			}
		})
	}
}
