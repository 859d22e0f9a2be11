package ecma

import (
	"strings"
	"sync"
	"unicode"
)

// property returns the code points of \p{name} or \p{name=value}, and a reason
// when there is no such property here.
func property(expr string) (set, string) {
	name, value, pair := strings.Cut(expr, "=")
	if !pair {
		if s, ok := binaryProperty(name); ok {
			return s, ""
		}
		if t, ok := category(name); ok {
			return fromTable(t), ""
		}
		if _, ok := unicode.Scripts[name]; ok {
			return nil, `a script is written \p{Script=` + name + `}`
		}
		return nil, `unknown Unicode property \p{` + expr + `}`
	}
	switch name {
	case "General_Category", "gc":
		if t, ok := category(value); ok {
			return fromTable(t), ""
		}
	case "Script", "sc":
		if t, ok := unicode.Scripts[value]; ok {
			return fromTable(t), ""
		}
		return nil, `unknown script \p{` + expr + `}; scripts go by their long names`
	case "Script_Extensions", "scx":
		return nil, `\p{` + name + `=…} is not supported; use \p{Script=…}`
	}
	return nil, `unknown Unicode property \p{` + expr + `}`
}

func category(name string) (*unicode.RangeTable, bool) {
	if long, ok := unicode.CategoryAliases[name]; ok {
		name = long
	}
	t, ok := unicode.Categories[name]
	return t, ok
}

// binaryProperty knows the properties of ECMA-262 table 69 that the Unicode data
// of the Go release can tell.
func binaryProperty(name string) (set, bool) {
	switch name {
	case "Any":
		return every, true
	case "ASCII":
		return set{{0, 0x7F}}, true
	case "Assigned":
		return fromTable(unicode.Categories["Cn"]).negate(), true
	case "Alphabetic", "Alpha":
		return fromTable(unicode.L, unicode.Nl, unicode.Other_Alphabetic), true
	case "Lowercase", "Lower":
		return fromTable(unicode.Ll, unicode.Other_Lowercase), true
	case "Uppercase", "Upper":
		return fromTable(unicode.Lu, unicode.Other_Uppercase), true
	case "ID_Start", "IDS":
		return idStart(), true
	case "ID_Continue", "IDC":
		return idContinue(), true
	case "space":
		name = "White_Space"
	}
	if strings.HasPrefix(name, "Other_") {
		return nil, false // contributory: not for use in patterns
	}
	t, ok := unicode.Properties[name]
	if !ok {
		return nil, false
	}
	return fromTable(t), true
}

// idStart and idContinue follow Unicode Standard Annex #31, section 2.
var idStart = sync.OnceValue(func() set {
	return fromTable(unicode.L, unicode.Nl, unicode.Other_ID_Start).minus(patternSyntax())
})

var idContinue = sync.OnceValue(func() set {
	return idStart().union(fromTable(unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue).minus(patternSyntax()))
})

func patternSyntax() set {
	return fromTable(unicode.Pattern_Syntax, unicode.Pattern_White_Space)
}
