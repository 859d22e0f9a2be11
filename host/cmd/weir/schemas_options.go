package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"weir/schemas/compile"
)

// compileOptions are the options of compilation as flags.
type compileOptions struct{ compile.Options }

func (o *compileOptions) flags(cmd *cobra.Command) {
	choice(cmd, &o.Formats, "formats", "when format is an assertion: by draft (4 to 7: yes), always, never",
		[]string{"draft", "assert", "annotate"}, []compile.FormatPolicy{compile.FormatByDraft, compile.FormatAssert, compile.FormatAnnotate})
	choice(cmd, &o.Content, "content", "whether contentEncoding and contentMediaType are assertions, from draft 7 on",
		[]string{"annotate", "assert"}, []compile.ContentPolicy{compile.ContentAnnotate, compile.ContentAssert})
	choice(cmd, &o.Remote, "remote", "what a reference to an unknown document means: an error, or as to Snowplow, anything",
		[]string{"strict", "snowplow"}, []compile.RemotePolicy{compile.RemoteStrict, compile.RemoteAccept})
}

// choice adds a flag with one of a few values; the first is the default.
func choice[T comparable](cmd *cobra.Command, target *T, name, usage string, names []string, values []T) {
	*target = values[0]
	cmd.Flags().Var(&choiceValue[T]{target, names, values}, name, usage)
}

type choiceValue[T comparable] struct {
	target *T
	names  []string
	values []T
}

func (c *choiceValue[T]) String() string {
	if c.target == nil {
		return ""
	}
	return c.names[slices.Index(c.values, *c.target)]
}

func (c *choiceValue[T]) Set(s string) error {
	i := slices.Index(c.names, s)
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", s, strings.Join(c.names, ", "))
	}
	*c.target = c.values[i]
	return nil
}

func (c *choiceValue[T]) Type() string { return strings.Join(c.names, "|") }
