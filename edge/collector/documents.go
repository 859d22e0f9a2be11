package collector

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"weir/edge/protocol"
)

// readDocuments tells the adapter that reads self-describing documents where
// they are sent and how they are laid out.
func (c *Collector) readDocuments() error {
	for i, d := range c.settings.Documents {
		taken := slices.ContainsFunc(c.adapters, func(a protocol.Adapter) bool { return reads(a, d.Path) }) ||
			slices.ContainsFunc(c.settings.Documents[:i], func(other protocol.Document) bool { return other.Path == d.Path })
		if taken {
			return errors.New("settings: documents." + strconv.Itoa(i) + ".path: " + d.Path + " is read already; it must be a path of its own, such as /acme/events")
		}
	}
	for _, a := range c.adapters {
		if r, ok := a.(protocol.DocumentReader); ok {
			r.ReadDocuments(c.settings.Documents)
		}
	}
	return nil
}

func (p *parser) documents(dst *[]protocol.Document) {
	p.list("documents", "documents", func(path string) {
		var d protocol.Document
		p.object(path, func(name string) bool {
			switch name {
			case "path":
				d.Path = p.text()
				p.must(strings.HasPrefix(d.Path, "/") && isFieldValue(d.Path) && !strings.ContainsAny(d.Path, "?# "), "must be a path, such as /acme/events")
			case "schema":
				d.Schema = p.members()
			case "data":
				d.Data = p.members()
			case "contexts":
				d.Contexts = p.members()
			default:
				return false
			}
			return true
		})
		p.path = strings.TrimSuffix(path, ".")
		p.must(d.Path != "", "needs a path, such as /acme/events")
		p.must(len(d.Schema) > 0, "needs schema, where the key of the schema stands, such as self.schema")
		*dst = append(*dst, d)
	})
}

// members reads the names of members one within the other, joined by dots.
func (p *parser) members() []string {
	const most = 8
	names := strings.Split(p.text(), ".")
	p.must(len(names) <= most && !slices.Contains(names, ""), "must be names of members joined by dots, such as payload.data, no more than 8")
	return names
}
