package main

import (
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"weir/host/config"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// TestMain lets scripts and tests run the real main as the command "weir".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"weir": main})
}

// TestScripts runs testdata/script: one feature a file, its inputs inline.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: *update, RequireExplicitExec: true,
		Cmds: scriptCommands, Setup: setUpScript})
}

// TestReadmeConfiguration holds the configuration that README.md shows against the real parser.
func TestReadmeConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(text, -1)
	if len(blocks) == 0 {
		t.Fatal("README.md shows no configuration")
	}
	for _, block := range blocks {
		env := func(name string) (string, bool) { return "postgres://weir@localhost/weir", name == "POSTGRES_DSN" }
		if _, err := config.Parse("README.md", block[1], env); err != nil {
			t.Errorf("%v\nin:\n%s", err, block[1])
		}
	}
}
