package lint

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"weir/edge/toolchain/need"
)

var update = flag.Bool("update", false, "rewrite the want sections of testdata")

// TestGolden lints each archive in testdata and compares with its last file, "want".
func TestGolden(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no case in testdata: %v", err)
	}
	for _, file := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			last := len(archive.Files) - 1
			if last < 1 || archive.Files[last].Name != "want" {
				t.Fatal(`the last file of the archive must be "want"`)
			}
			want := &archive.Files[last]
			folder, err := txtar.FS(&txtar.Archive{Files: archive.Files[:last]})
			if err != nil {
				t.Fatal(err)
			}
			findings, _, err := Folder(folder)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range findings {
				got.WriteString(f.String() + "\n")
			}
			if *update {
				want.Data = []byte(got.String())
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got.String() != string(want.Data) {
				t.Errorf("got:\n%swant:\n%s", got.String(), want.Data)
			}
		})
	}
}

// TestOwnSchemas holds weir's own schemas to the rules.
func TestOwnSchemas(t *testing.T) {
	noErrors(t, os.DirFS(".."), 40)
}

// TestIgluCentral lints six hundred schemas that other people wrote: the rules
// must hold for them but for the faults known here.
func TestIgluCentral(t *testing.T) {
	known := map[string]string{
		"com.snowplowanalytics.snowplow/elasticsearch_enriched_event/jsonschema/1-0-1":                "json",
		"com.snowplowanalytics.snowplow/elasticsearch_enriched_event/jsonschema/2-0-0":                "json",
		"com.snowplowanalytics.snowplow/ua_parser_config/jsonschema/1-0-1":                            "addition",
		"com.snowplowanalytics.snowplow.badrows/loader_runtime_error/jsonschema/1-0-1":                "addition",
		"com.snowplowanalytics.snowplow.enrichments/bot_detection_enrichment_config/jsonschema/1-0-1": "addition",
		"com.snowplowanalytics.accelerators.travel/schedule_update/jsonschema/1-0-1":                  "addition",
		"com.snowplowanalytics.mobile/remote_config/jsonschema/1-0-1":                                 "addition",
	}
	root := os.DirFS(filepath.Join(need.Data(t, "iglu-central"), "schemas"))
	findings, schemas, err := Folder(root)
	if err != nil {
		t.Fatal(err)
	}
	if schemas < 500 {
		t.Errorf("only %d schemas were read", schemas)
	}
	seen := map[string]bool{}
	for _, f := range findings {
		switch {
		case f.Severity != Error:
		case known[f.File] == f.Rule:
			seen[f.File] = true
		default:
			t.Error(f)
		}
	}
	for file := range known {
		if !seen[file] {
			t.Errorf("%s has lost its fault: take it off the list", file)
		}
	}
}

func noErrors(t *testing.T, root fs.FS, atLeast int) {
	t.Helper()
	findings, schemas, err := Folder(root)
	if err != nil {
		t.Fatal(err)
	}
	if schemas < atLeast {
		t.Errorf("only %d schemas were read", schemas)
	}
	for _, f := range findings {
		if f.Severity == Error {
			t.Error(f)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,"x",null,{"b":true}]}`))
	f.Add([]byte("{\"a\":1,\n\"a\":2}"))
	f.Add([]byte(`[[[`))
	f.Fuzz(func(t *testing.T, source []byte) {
		root, fault := parse(source)
		switch {
		case fault != nil:
			position(source, fault.node.offset)
		case root.offset > len(source):
			t.Errorf("offset %d of %d bytes", root.offset, len(source))
		}
	})
}
