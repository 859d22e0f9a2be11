package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"

	"weir/sinks"
)

// SecretVariable is the environment variable that holds the secret of edge and
// host when the file names none.
const SecretVariable = "WEIR_SECRET"

// Load reads a configuration file and the environment it refers to. An empty
// path gives [Default] with the environment's secret. The error is a
// [*Problems] when the file could be read.
func Load(path string) (*Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("reading configuration: %w", err)
		}
	}
	return Parse(path, text, os.LookupEnv)
}

// Parse reads a configuration, names it in errors as name, and looks up the
// variables it refers to as ${NAME} or ${NAME:-default}. The error is a
// [*Problems] that holds every fault found.
func Parse(name string, text []byte, env func(string) (string, bool)) (*Config, error) {
	c := new(Config)
	d := &decoder{env: env, lines: map[string]int{}}
	setDefaults(c)
	if root, err := document(text); err != nil {
		d.problems = append(d.problems, yamlProblem(err))
	} else if root != nil {
		d.decode(root, valueOf(c), "")
	}
	if secret, ok := env(SecretVariable); ok && secret != "" && len(c.Edge.Secrets) == 0 {
		c.Edge.Secrets = []sinks.Secret{sinks.Secret(secret)}
	}
	c.complete()
	problems := d.problems
	// Rules are checked on what could be read; a fault already reported is not
	// reported again in other words.
	for _, p := range c.validate() {
		if !d.reported(p.Path) {
			p.Line = d.line(p.Path)
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return nil, &Problems{File: name, List: problems}
	}
	return c, nil
}

// document returns the one document of a file, nil when it is empty.
func document(text []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("a second document: keep one document in the file")
	}
	if root := doc.Content[0]; root.Tag != "!!null" {
		return root, nil
	}
	return nil, nil
}
