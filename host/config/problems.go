package config

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Problem is one fault of a configuration.
type Problem struct {
	Line   int    // in the file, 0 when unknown
	Path   string // such as sinks[1].postgres.dsn; empty for the whole file
	Reason string // what is wrong and what would be right
}

func (p Problem) String() string {
	if p.Path == "" {
		return p.Reason
	}
	return p.Path + ": " + p.Reason
}

// Problems is every fault found in a configuration, one on a line.
type Problems struct {
	File string
	List []Problem
}

func (p *Problems) Error() string {
	list := append([]Problem(nil), p.List...)
	sort.SliceStable(list, func(a, b int) bool { return list[a].Line < list[b].Line })
	lines := make([]string, len(list))
	for i, one := range list {
		switch {
		case p.File != "" && one.Line > 0:
			lines[i] = fmt.Sprintf("%s:%d: %s", p.File, one.Line, one)
		case p.File != "":
			lines[i] = fmt.Sprintf("%s: %s", p.File, one)
		default:
			lines[i] = one.String()
		}
	}
	return strings.Join(lines, "\n")
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// yamlProblem turns a syntax error of the YAML library into a problem.
func yamlProblem(err error) Problem {
	text := err.Error()
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ := strconv.Atoi(m[1])
		return Problem{Line: line, Reason: text[len(m[0]):]}
	}
	return Problem{Reason: strings.TrimPrefix(text, "yaml: ")}
}
