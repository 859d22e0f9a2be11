package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/edge/collector"
	"weir/edge/privacy"
	"weir/schemas/lint"
)

func privacyCommand() *cobra.Command {
	return group("privacy", "Say what becomes of personal data before it leaves the edge",
		privacyExplainCommand(), privacyAuditCommand())
}

// policy is the settings of an edge, as far as privacy goes, and as they are written.
type policy struct {
	json  []byte // the settings
	rules privacy.Rules
	text  policyText
	daily bool // visitors have ids of a day
}

type policyText struct {
	Privacy struct {
		Rules []struct {
			Apps      []string        `json:"apps"`
			Protocols []string        `json:"protocols"`
			Do        json.RawMessage `json:"do"`
		} `json:"rules"`
		Signals []struct {
			Regions []string `json:"regions"`
			Apps    []string `json:"apps"`
		} `json:"signals"`
	} `json:"privacy"`
}

// readPolicy reads the settings of an edge; no file means the defaults.
func readPolicy(file string) (*policy, error) {
	text, err := optionalFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the edge's settings: %w", err)
	}
	settings, err := collector.ParseSettings(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p := &policy{json: text, rules: settings.Privacy, daily: settings.Visitor.Daily}
	if len(strings.TrimSpace(string(text))) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(text, &p.text); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// places are the fields of schemas by key and path, "customer.email".
type places map[string]map[string]lint.Field

// readFields lists the fields of the schemas in a folder, with the files as the
// command line names them.
func readFields(folder string) ([]lint.Field, error) {
	if err := isFolder(folder); err != nil {
		return nil, err
	}
	fields, err := lint.Fields(os.DirFS(folder))
	if err != nil {
		return nil, fmt.Errorf("reading schemas in %s: %w", folder, err)
	}
	if len(fields) == 0 {
		return nil, noSchemas(folder)
	}
	for i := range fields {
		fields[i].File = filepath.Join(folder, fields[i].File)
	}
	return fields, nil
}

func placesOf(fields []lint.Field) places {
	p := places{}
	for _, f := range fields {
		if p[f.Schema] == nil {
			p[f.Schema] = map[string]lint.Field{}
		}
		path := strings.Join(f.Path, ".")
		if had, ok := p[f.Schema][path]; !ok || own(had) == "" {
			p[f.Schema][path] = f
		}
	}
	return p
}

// own is the annotation of the field itself.
func own(f lint.Field) string {
	if len(f.Annotations) == 0 {
		return ""
	}
	return f.Annotations[len(f.Annotations)-1]
}

// described says in a few words what an action does: "mask, keepEnd 3".
func described(action string) string {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(action), &members) != nil {
		return "drop"
	}
	var name string
	_ = json.Unmarshal(members["action"], &name) // which privacy.ParseAction has read
	options := []string{}
	for option, value := range members {
		if !slices.Contains([]string{"action", "personal", "why"}, option) {
			text := strings.NewReplacer(`"`, "", "[", "", "]", "", ",", " ").Replace(string(value))
			options = append(options, option+" "+strings.Join(strings.Fields(text), " "))
		}
	}
	slices.Sort(options)
	return strings.Join(append([]string{name}, options...), ", ")
}

// reason is why an annotation's author decided so, "" if nothing says it.
func reason(annotation string) string {
	var a struct{ Personal, Why string }
	if json.Unmarshal([]byte(annotation), &a) != nil {
		return ""
	}
	return strings.Trim(a.Personal+", "+a.Why, ", ")
}

var errNoInput = errors.New("there is nothing to explain: give an event or a request, in a file or on standard input")
