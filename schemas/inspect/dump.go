// Package inspect looks into bundles: what is in one, for people, and in what
// two differ. It runs on hosts.
package inspect

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unsafe"

	"weir/schemas/bundle"
	"weir/schemas/validate/format"
	"weir/schemas/validate/pattern"
)

// Listing is what a bundle holds.
type Listing struct {
	Hash     string    `json:"hash"`
	Version  int       `json:"version"` // of the format
	Bytes    int       `json:"bytes"`
	Schemas  []Program `json:"schemas"`
	Sections []Section `json:"sections"`
	Patterns []Kind    `json:"patterns"` // by how they are matched, with the bytes of their tables
	Formats  []Kind    `json:"formats"`  // by name, with the number of nodes that assert them
	Keywords []Kind    `json:"keywords"` // keywords that hold schemas, by name, with their number
}

// Program is one entry point.
type Program struct {
	Key   string `json:"key"`
	Root  uint32 `json:"root"`  // its node
	Nodes int    `json:"nodes"` // that can be reached from there; programs share nodes
}

// Section is one table.
type Section struct {
	Name    string `json:"name"`
	Entries int    `json:"entries"`
	Bytes   int    `json:"bytes"`
}

// Kind is a count of things of a kind.
type Kind struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	Bytes int    `json:"bytes,omitempty"`
}

// List looks through an opened bundle of the given length.
func List(b *bundle.Bundle, length int) *Listing {
	l := &Listing{Hash: b.Hash(), Version: bundle.Version, Bytes: length}
	t := &b.Tables
	l.Sections = []Section{
		section("schemas", t.Schemas), section("URI index", t.URIs), section("nodes", t.Nodes),
		section("objects", t.Objects), section("object extras", t.Extras),
		section("name sets", t.Names), section("names", t.Slots), section("name index", t.Index), section("wide name index", t.Wide),
		section("required sets", t.Masks), section("rules", t.Rules), section("arrays", t.Arrays), section("numbers", t.Numbers),
		section("enums", t.Enums), section("constants", t.Constants), section("ops", t.Ops), section("references", t.Refs),
		section("strings", t.Strings), section("anchors", t.Anchors), section("captures", t.Captures), section("text", t.Bytes),
	}
	for i := range t.Schemas {
		s := &t.Schemas[i]
		l.Schemas = append(l.Schemas, Program{string(t.Text(s.URI)), s.Root, len(reachable(t, s.Root))})
	}
	slices.SortFunc(l.Schemas, func(a, b Program) int { return cmp.Compare(a.Key, b.Key) })

	tables := map[uint32]bool{}
	formats, keywords := map[string]Kind{}, map[string]Kind{}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.Pattern != 0 {
			tables[n.Pattern] = true
		}
		if n.Format != 0 {
			count(formats, format.ID(n.Format).Name(), 0)
		}
		for _, op := range ops(t, n) {
			count(keywords, opNames[op.Code], 0)
		}
		x := &t.Extras[t.Objects[n.Object].Extra]
		for _, r := range t.Rules[x.Patterns : x.Patterns+x.PatternCount] {
			tables[r.A] = true
		}
	}
	patterns := map[string]Kind{}
	for i := range tables {
		table := t.String(i)
		count(patterns, pattern.Kind(table[0]).String(), len(table))
	}
	l.Patterns, l.Formats, l.Keywords = sorted(patterns), sorted(formats), sorted(keywords)
	return l
}

func section[T any](name string, table []T) Section {
	var entry T
	return Section{name, len(table), len(table) * int(unsafe.Sizeof(entry))}
}

func count(kinds map[string]Kind, name string, bytes int) {
	k := kinds[name]
	kinds[name] = Kind{name, k.Count + 1, k.Bytes + bytes}
}

func sorted(kinds map[string]Kind) []Kind {
	list := []Kind{}
	for _, k := range kinds {
		list = append(list, k)
	}
	slices.SortFunc(list, func(a, b Kind) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	return list
}

// Write writes the listing for people to read.
func (l *Listing) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintf(tw, "bundle %s\tformat %d\t%d bytes\n", l.Hash, l.Version, l.Bytes)
	fmt.Fprintf(tw, "\nsection\tentries\tbytes\n")
	for _, s := range l.Sections {
		fmt.Fprintf(tw, "%s\t%d\t%d\n", s.Name, s.Entries, s.Bytes)
	}
	for _, part := range []struct {
		title string
		kinds []Kind
	}{{"patterns, by kind\tcount\tbytes", l.Patterns}, {"formats\tnodes", l.Formats}, {"keywords with schemas\tcount", l.Keywords}} {
		if len(part.kinds) == 0 {
			continue
		}
		fmt.Fprintf(tw, "\n%s\n", part.title)
		for _, k := range part.kinds {
			fmt.Fprintf(tw, "%s\t%d", k.Name, k.Count)
			if strings.Contains(part.title, "bytes") {
				fmt.Fprintf(tw, "\t%d", k.Bytes)
			}
			fmt.Fprintln(tw)
		}
	}
	fmt.Fprintf(tw, "\nschema\troot\tnodes\n")
	for _, p := range l.Schemas {
		fmt.Fprintf(tw, "%s\t%d\t%d\n", p.Key, p.Root, p.Nodes)
	}
	return tw.Flush()
}
