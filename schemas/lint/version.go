package lint

// checkFirst looks at the oldest version of a schema in the folder.
func (d *document) checkFirst() {
	if d.key.version() != "1-0-0" {
		d.add(Warning, "version", d.tree.at("self", "version"), "%s is the oldest version here: SchemaVer begins at 1-0-0", d.key.version())
	}
}

// checkSuccession looks at what a version makes of the one before it.
func (d *document) checkSuccession(older *document) {
	if !follows(older.key, d.key) {
		d.add(Warning, "version", d.tree.at("self", "version"), "%s comes after %s: one part of a SchemaVer rises by one, and those after it begin at 0", d.key.version(), older.key.version())
	}
	if d.tree.equalBut(older.tree, "self", "$schema") {
		d.add(Warning, "version", d.tree.at("self", "version"), "%s says the same as %s: it is not needed", d.key.version(), older.key.version())
	}
	d.checkKeptPrivate(older.tree, d.tree)
}

// follows reports whether b is one of the three versions that may come after a.
func follows(a, b key) bool {
	switch {
	case b.Model != a.Model:
		return b.Model == a.Model+1 && b.Revision == 0 && b.Addition == 0
	case b.Revision != a.Revision:
		return b.Revision == a.Revision+1 && b.Addition == 0
	}
	return b.Addition == a.Addition+1
}

// checkKeptPrivate finds properties that lost what was decided about their privacy.
func (d *document) checkKeptPrivate(older, newer *node) {
	if older == nil || newer == nil || older.kind != object || newer.kind != object {
		return
	}
	if older.get(privacyKeyword) != nil && newer.get(privacyKeyword) == nil {
		d.add(Warning, "privacy", newer, "%s stood here in the version before: data that was changed at the edge is stored as it is", privacyKeyword)
	}
	if items := older.get("items"); items != nil {
		d.checkKeptPrivate(items, newer.get("items"))
	}
	properties, now := older.get("properties"), newer.get("properties")
	if properties == nil || now == nil {
		return
	}
	for _, m := range properties.members {
		d.checkKeptPrivate(m.value, now.get(m.name))
	}
}

// at follows member names, and stays where one is missing.
func (n *node) at(names ...string) *node {
	for _, name := range names {
		next := n.get(name)
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// equalBut compares objects without regard to some members.
func (n *node) equalBut(m *node, except ...string) bool {
	return n.without(except).equal(m.without(except))
}

func (n *node) without(names []string) *node {
	c := *n
	c.members = nil
	for _, m := range n.members {
		keep := true
		for _, name := range names {
			keep = keep && m.name != name
		}
		if keep {
			c.members = append(c.members, m)
		}
	}
	return &c
}
