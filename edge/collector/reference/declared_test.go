package reference_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"weir/edge/collector/reference"
)

// TestParserTakesNothingElse reads the parser: each name that a member is
// compared with must be declared.
func TestParserTakesNothingElse(t *testing.T) {
	declared := map[string]bool{}
	declare(declared, reference.Settings())
	names := parsed(t, "../*.go")
	names = append(names, parsed(t, "../../privacy/action.go")...)
	if len(names) < 40 {
		t.Fatalf("only %d names were found in the parser", len(names))
	}
	for _, name := range names {
		if !declared[name] {
			t.Errorf("the parser takes a member %q that edge/collector/reference does not declare", name)
		}
	}
}

func declare(names map[string]bool, v reference.Value) {
	members := v.Members
	for _, variant := range v.Variants {
		members = append(members, variant.Members...)
	}
	names[v.By] = true
	for _, m := range members {
		names[m.Name] = true
		declare(names, m.Value)
	}
	if v.Each != nil {
		declare(names, *v.Each)
	}
}

// parsed returns the names in the switches over a variable called name.
func parsed(t *testing.T, pattern string) (names []string) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no files (%v)", pattern, err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(n ast.Node) bool {
			s, ok := n.(*ast.SwitchStmt)
			if !ok {
				return true
			}
			if tag, ok := s.Tag.(*ast.Ident); !ok || tag.Name != "name" {
				return true
			}
			for _, clause := range s.Body.List {
				for _, value := range clause.(*ast.CaseClause).List {
					if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						name, err := strconv.Unquote(literal.Value)
						if err != nil {
							t.Fatal(err)
						}
						names = append(names, name)
					}
				}
			}
			return true
		})
	}
	return names
}
