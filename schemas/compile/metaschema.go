package compile

import (
	"strings"
	"sync"

	"weir/schemas/bundle"
	"weir/schemas/validate"
)

var compiledMetaschemas struct {
	once     sync.Once
	programs map[Draft]validate.Program
}

// metaschemaPrograms compiles the metaschemas, once, with the compiler they guard.
func metaschemaPrograms() map[Draft]validate.Program {
	compiledMetaschemas.once.Do(func() { compiledMetaschemas.programs = compileMetaschemas() })
	return compiledMetaschemas.programs
}

func compileMetaschemas() map[Draft]validate.Program {
	c := newCompiler(Options{Formats: FormatAnnotate})
	drafts := []Draft{Draft4, Draft6, Draft7, Draft2019, Draft2020}
	for _, d := range drafts {
		b, _ := metaschemaFile(d.metaschema())
		c.add(Source{Key: d.metaschema(), Path: d.metaschema(), JSON: b})
	}
	b, err := c.bundle()
	if err != nil {
		panic("the embedded metaschemas do not compile: " + err.Error())
	}
	opened, err := bundle.Open(b)
	if err != nil {
		panic("the embedded metaschemas do not open: " + err.Error())
	}
	set := validate.NewSet(opened)
	programs := map[Draft]validate.Program{}
	for _, d := range drafts {
		programs[d], _ = set.Lookup([]byte(d.metaschema()))
	}
	return programs
}

// checkMetaschemas holds every source against the metaschema of its draft.
func (c *compiler) checkMetaschemas() {
	r := validate.Run{MaxDepth: maxSchemaDepth}
	for _, d := range c.documents {
		if metaschemaPrograms()[d.main.dialect.draft].Run(&r, d.JSON) {
			continue
		}
		for i := range r.Violations {
			v := &r.Violations[i]
			switch v.Keyword() {
			case "duplicateKey":
				continue // see parser
			case "anyOf":
				branch := string(v.AppendSchemaPath(nil)) + "/"
				if i+1 < len(r.Violations) && strings.HasPrefix(string(r.Violations[i+1].AppendSchemaPath(nil)), branch) {
					continue // what follows says more
				}
			}
			c.errs = append(c.errs, d.errorAt(v.Offset(), string(v.AppendPath(nil)), string(v.AppendMessage(nil))))
		}
	}
}
