package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"weir/schemas/compile"
	"weir/schemas/report"
	"weir/schemas/scan"
	"weir/schemas/validate"
)

func schemasValidateCommand() *cobra.Command {
	v := validation{output: "text"}
	var asJSON bool
	var opt compileOptions
	cmd := &cobra.Command{
		Use:   "validate FILE…",
		Short: "Validate documents and say what is wrong with them",
		Long: `Validate JSON documents: one a file, one a line in files that end in .ndjson,
"-" for standard input. Without --schema they must be self-describing:
{"schema": "iglu:…", "data": …}.

The outputs flag, basic and snowplow are one line of JSON a document, in the
output formats of JSON Schema 2020-12 or as the error of Snowplow's failed
events. Values of the documents are shown only with --values.

The exit status is 1 if a document is not valid.`,
		Example: `  weir schemas validate order.json --schemas schemas --schema iglu:com.example/checkout/jsonschema/1-0-1
  weir schemas validate orders.ndjson --schema order.schema.json --output basic`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if asJSON {
				if cmd.Flags().Changed("output") && v.output != "basic" {
					return usageError{errors.New("--json is --output basic: choose one output")}
				}
				v.output = "basic"
			}
			if err := v.load(opt.Options); err != nil {
				return err
			}
			v.in, v.out = cmd.InOrStdin(), cmd.OutOrStdout()
			for _, name := range args {
				if err := v.file(name); err != nil {
					return err
				}
			}
			if v.output == "text" {
				fmt.Fprintf(v.out, "%s, %d invalid\n", count(v.documents, "document"), v.invalid)
			}
			if v.invalid > 0 {
				return errFound
			}
			return nil
		},
	}
	choice(cmd, &v.output, "output", "how to say it", outputs, outputs)
	cmd.Flags().StringVar(&v.schema, "schema", "", "the schema: its key, or a file that holds it")
	cmd.Flags().StringVar(&v.schemas, "schemas", "schemas", "where keys are looked up: a folder of Iglu layout, or a bundle")
	cmd.Flags().IntVar(&v.values, "values", 0, "show up to so many bytes of each offending value")
	cmd.Flags().BoolVar(&asJSON, "json", false, "the same as --output basic")
	opt.flags(cmd)
	return cmd
}

var outputs = []string{"text", "flag", "basic", "snowplow"}

type validation struct {
	output, schema, schemas string
	values                  int

	set       *validate.Set
	index     *compile.Index // nil for a bundle
	run       validate.Run
	in        io.Reader
	out       io.Writer
	documents int
	invalid   int
}

// load finds the schemas: the one of a file, those of a folder, or a bundle.
func (v *validation) load(opt compile.Options) error {
	var sources []compile.Source
	if info, err := os.Stat(v.schema); v.schema != "" && err == nil && info.Mode().IsRegular() {
		text, err := os.ReadFile(v.schema)
		if err != nil {
			return fmt.Errorf("reading the schema: %w", err)
		}
		key := "file:///" + filepath.ToSlash(v.schema)
		sources = []compile.Source{{Key: key, Path: v.schema, JSON: text}}
		v.schema = key
	} else {
		if v.schema != "" {
			v.schema = "iglu:" + strings.TrimPrefix(v.schema, "iglu:")
		}
		if isFolder(v.schemas) != nil {
			b, _, err := openBundle(v.schemas, opt)
			if err != nil {
				return err
			}
			v.set = validate.NewSet(b)
			return v.known(v.schema)
		}
		if sources, err = readSchemas(v.schemas); err != nil {
			return err
		}
		for i := range sources {
			sources[i].Path = filepath.Join(v.schemas, sources[i].Path)
		}
	}
	set, err := compile.Set(sources, opt)
	if err != nil {
		return fmt.Errorf("compiling schemas:\n%w", err)
	}
	if v.index, err = compile.NewIndex(sources, opt); err != nil {
		return fmt.Errorf("reading schemas:\n%w", err)
	}
	v.set = set
	return v.known(v.schema)
}

// known checks that there is a schema of that key; "" is left to the documents.
func (v *validation) known(key string) error {
	if _, ok := v.set.Lookup([]byte(key)); key != "" && !ok {
		return fmt.Errorf("no schema %s in %s", key, v.schemas)
	}
	return nil
}

func (v *validation) file(name string) error {
	text, err := os.ReadFile(name)
	if name == "-" {
		name = "standard input"
		text, err = io.ReadAll(v.in)
	}
	if err != nil {
		return fmt.Errorf("reading documents: %w", err)
	}
	if !strings.HasSuffix(name, ".ndjson") {
		return v.document(name, text, 0, text)
	}
	start := 0
	for line := range bytes.Lines(text) {
		if len(bytes.TrimSpace(line)) > 0 {
			if err := v.document(name, text, start, bytes.TrimRight(line, "\r\n")); err != nil {
				return err
			}
		}
		start += len(line)
	}
	return nil
}

// document validates a document that begins at start in the file.
func (v *validation) document(name string, file []byte, start int, doc []byte) error {
	key := v.schema
	if key == "" {
		at := 0
		if key, at = selfDescribing(doc); key == "" {
			return fmt.Errorf(`%s:%d: not self-describing: wrap it as {"schema": "iglu:…", "data": …}, or name its schema with --schema`, name, 1+bytes.Count(file[:start], []byte("\n")))
		}
		if err := v.known(key); err != nil {
			return fmt.Errorf("%s:%d: %w", name, 1+bytes.Count(file[:start], []byte("\n")), err)
		}
		start, doc = start+at, data(doc, at)
	}
	program, _ := v.set.Lookup([]byte(key))
	v.documents++
	if !program.Run(&v.run, doc) {
		v.invalid++
	}
	r := report.New(v.run.Violations, v.run.More, report.Options{Key: key, Index: v.index, Values: v.values})
	switch v.output {
	case "flag":
		return v.line(r.Flag())
	case "basic":
		return v.line(r.Basic())
	case "snowplow":
		return v.line(r.Snowplow())
	}
	_, err := io.WriteString(v.out, r.Text(name, file, start))
	return err
}

// selfDescribing returns the schema key of a self-describing document and where
// its data begin, or "".
func selfDescribing(doc []byte) (key string, at int) {
	var s scan.Scanner
	var name, text scan.Text
	s.Reset(doc, scan.MaxDepth)
	for s.Object(); s.Member(&name); {
		switch kind := s.Kind(); {
		case name.Is("schema") && kind == scan.String:
			s.String(&text)
			key = string(text.Append(nil))
		case name.Is("data"):
			at = s.Offset()
			s.Skip()
		default:
			s.Skip()
		}
	}
	if s.End(); s.Err() != nil || at == 0 {
		return "", 0
	}
	return key, at
}

// data is the value that begins at doc[at].
func data(doc []byte, at int) []byte {
	end, _ := scan.ValueEnd(doc, at, scan.MaxDepth)
	return doc[at:end]
}

func (v *validation) line(value any) error {
	enc := json.NewEncoder(v.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}
