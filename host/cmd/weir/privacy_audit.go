package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func privacyAuditCommand() *cobra.Command {
	var settings, app string
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "audit FOLDER",
		Short: "List every column and every field of every schema, and what happens to it",
		Long: `List every column and every field of every schema in a folder, with what
happens to it before it leaves the edge, and by which rule or annotation.

A field that is marked as personal, or looks it, and about which neither an
annotation nor a rule decides, is a fault; so is one that rules decide about for
some apps or protocols only, unless --app names the app in question. The exit
status is 1 if there is one, or with --strict a personal column that leaves as it came.`,
		Example: `  weir privacy audit schemas --settings edge.json
  weir privacy audit schemas --settings edge.json --app shop --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readPolicy(settings)
			if err != nil {
				return err
			}
			fields, err := readFields(args[0])
			if err != nil {
				return err
			}
			a := audit{policy: p, app: app}
			for _, f := range columns() {
				a.column(f)
			}
			a.location()
			for _, f := range fields {
				if err := a.field(f); err != nil {
					return err
				}
			}
			faults := 0
			for _, f := range a.entries {
				if f.Fault != "" && (strict || f.Schema != "") {
					faults++
				}
			}
			if asJSON {
				err = printJSON(cmd.OutOrStdout(), map[string]any{"fields": a.entries, "faults": faults})
			} else {
				err = a.print(cmd.OutOrStdout(), strict)
			}
			if err == nil && faults > 0 {
				return errFound
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&settings, "settings", "", "JSON file of collector settings (default: no policy)")
	f.StringVar(&app, "app", "", "audit what holds for this app alone")
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	f.BoolVar(&strict, "strict", false, "let personal columns that leave as they came fail, too")
	return cmd
}

// entry is one column, or one field of a schema.
type entry struct {
	Schema   string   `json:"schema,omitempty"` // empty for a column
	Field    string   `json:"field"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Personal string   `json:"personal,omitempty"` // what kind of personal data it is
	Does     []effect `json:"does"`               // what decides comes first; nothing: it leaves as it was sent
	Fault    string   `json:"fault,omitempty"`
}

// effect is one thing that happens to a field.
type effect struct {
	Action string `json:"action"`
	Kind   string `json:"kind"` // rule, annotation, signal or default
	By     string `json:"by,omitempty"`
	When   string `json:"when,omitempty"` // for whom alone; empty for everybody
	Why    string `json:"why,omitempty"`
}

func (e effect) String() string {
	s := e.Action + " by " + e.Kind
	if e.By != "" && e.Kind != "annotation" {
		s += " " + e.By
	}
	for _, more := range []string{e.When, e.Why} {
		if more != "" {
			s += " (" + more + ")"
		}
	}
	return s
}

// print writes what there is of columns and of each schema, and then the faults.
func (a *audit) print(w io.Writer, strict bool) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "signals, of which the first that holds decides")
	for _, line := range a.lines() {
		fmt.Fprintf(table, "  %s\t%s\t%s\n", line.Name, line.Do, a.holds(line))
	}
	fmt.Fprintln(table)
	heading := "-"
	changed, faults := 0, []string{}
	for _, e := range a.entries {
		title, place := e.Schema, ""
		if title == "" {
			title = "columns"
		} else {
			place = fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
		}
		if title != heading {
			if heading != "-" {
				fmt.Fprintln(table)
			}
			heading = title
			fmt.Fprintln(table, title)
		}
		does := make([]string, len(e.Does))
		for i, one := range e.Does {
			does[i] = one.String()
		}
		if len(does) > 0 {
			changed++
		} else {
			does = []string{"as sent"}
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", e.Field, e.Personal, strings.Join(does, "; "))
		if e.Fault != "" && (strict || e.Schema != "") {
			faults = append(faults, place+e.Field+": "+e.Fault)
		}
	}
	fmt.Fprintln(table)
	for _, fault := range faults {
		fmt.Fprintln(table, fault)
	}
	fmt.Fprintf(table, "%s, %d decided about, %s\n", count(len(a.entries), "field"), changed, count(len(faults), "fault"))
	return table.Flush()
}
