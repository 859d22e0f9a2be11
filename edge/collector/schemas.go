package collector

import (
	"errors"

	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/schemas/bundle"
	"weir/schemas/validate"
)

// compiled are the schemas of a bundle; the zero value holds none.
type compiled struct {
	set         *validate.Set
	hash        string
	annotations privacy.Annotations
}

func openBundle(b []byte) (compiled, error) {
	opened, err := bundle.Open(b)
	if err != nil {
		return compiled{}, errors.New("opening the bundle of schemas: " + err.Error())
	}
	set := validate.NewSet(opened)
	return compiled{set, opened.Hash(), privacy.ReadAnnotations(set)}, nil
}

// UseBundle judges by a bundle that a host offers, from the next Collect on. It
// goes before the bundle that the collector was made with, which stays for the
// schemas that the host does not hold; an earlier one of a host goes, and an
// empty one stands for none. b must not change while it is in use.
//
// A bundle that does not pass its verification is an error that changes nothing.
func (c *Collector) UseBundle(b []byte) error {
	var offered compiled
	if len(b) > 0 {
		var err error
		if offered, err = openBundle(b); err != nil {
			return err
		}
	}
	c.schemas[0] = offered
	c.hash = joinHashes(offered.hash, c.schemas[1].hash)
	return nil
}

// joinHashes names both bundles by which an event is judged.
func joinHashes(offered, own string) string {
	switch {
	case offered == "":
		return own
	case own == "", own == offered:
		return offered
	}
	return offered + "+" + own
}

// lookup finds the program of a schema, and remembers whose it is.
func (c *Collector) lookup(schema string) bool {
	for i := range c.schemas {
		if b := &c.schemas[i]; b.set != nil {
			if program, ok := b.set.Lookup(envelope.ViewBytes(schema)); ok {
				c.program, c.by = program, b
				return true
			}
		}
	}
	return false
}
