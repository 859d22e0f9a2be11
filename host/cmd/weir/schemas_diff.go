package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"weir/schemas/compile"
	"weir/schemas/inspect"
	"weir/schemas/lint"
)

func schemasDiffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff OLDER NEWER",
		Short: "Say what changed between two folders or bundles",
		Long: `Say what changed between two folders of schemas, and how far each change must
raise the version: ADDITION if all data accepted before is accepted still,
REVISION if some may not be. A published version may change in its words only.

Bundles hold no sources: between two bundles, or a bundle and a folder, diff
names the schemas that accept other data under the same key.

The exit status is 1 if a version is gone, has changed, or rises by too little.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isFolder(args[0]) == nil && isFolder(args[1]) == nil {
				return diffFolders(cmd.OutOrStdout(), args[0], args[1], asJSON)
			}
			return diffBundles(cmd.OutOrStdout(), args[0], args[1], asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the changes as JSON")
	return cmd
}

func diffFolders(out io.Writer, older, newer string, asJSON bool) error {
	changes, err := lint.Diff(os.DirFS(older), os.DirFS(newer))
	if err != nil {
		return fmt.Errorf("comparing %s and %s: %w", older, newer, err)
	}
	faults := 0
	for i := range changes {
		if changes[i].Fault != "" {
			faults++
		}
		for k := range changes[i].Reasons {
			changes[i].Reasons[k].File = filepath.Join(newer, changes[i].Reasons[k].File)
		}
	}
	if asJSON {
		if changes == nil {
			changes = []lint.Change{}
		}
		err = printJSON(out, map[string]any{"changes": changes, "faults": faults})
	} else {
		for i := range changes {
			printChange(out, &changes[i])
		}
		_, err = fmt.Fprintf(out, "%s, %s\n", count(len(changes), "change"), count(faults, "fault"))
	}
	if err == nil && faults > 0 {
		return errFound
	}
	return err
}

func printChange(out io.Writer, c *lint.Change) {
	fmt.Fprintf(out, "%s: %s", c.Key, c.What)
	switch {
	case c.What == lint.Changed && c.Needs == lint.BumpNone:
		fmt.Fprint(out, " in its words only")
	case c.Needs != lint.BumpNone:
		fmt.Fprintf(out, ", %s since %s", c.Needs, c.Against)
	}
	if c.Fault != "" {
		fmt.Fprintf(out, ": %s", c.Fault)
	}
	fmt.Fprintln(out)
	for _, r := range c.Reasons {
		doubt := ""
		if r.Severity == lint.Warning {
			doubt = ", which may break data"
		}
		fmt.Fprintf(out, "\t%s:%d:%d: %s: %s%s\n", r.File, r.Line, r.Column, r.Pointer, r.Message, doubt)
	}
}

func diffBundles(out io.Writer, older, newer string, asJSON bool) error {
	before, _, err := openBundle(older, compile.Options{})
	if err != nil {
		return err
	}
	after, _, err := openBundle(newer, compile.Options{})
	if err != nil {
		return err
	}
	changes := inspect.Diff(before, after)
	faults := 0
	for _, c := range changes {
		if c.What != lint.Added {
			faults++
		}
	}
	if asJSON {
		if changes == nil {
			changes = []inspect.Change{}
		}
		err = printJSON(out, map[string]any{"changes": changes, "faults": faults})
	} else {
		for _, c := range changes {
			fmt.Fprintf(out, "%s: %s\n", c.Key, c.What)
		}
		_, err = fmt.Fprintf(out, "%s, %s\n", count(len(changes), "change"), count(faults, "fault"))
	}
	if err == nil && faults > 0 {
		return errFound
	}
	return err
}
