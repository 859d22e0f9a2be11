package validate

// keyword names what a violation is about.
type keyword uint8

const (
	kwSyntax keyword = iota
	kwDepth
	kwFuel
	kwDuplicateKey
	kwFalse
	kwType
	kwEnum
	kwConst
	kwMinLength
	kwMaxLength
	kwPattern
	kwFormat
	kwMinimum
	kwMaximum
	kwExclusiveMinimum
	kwExclusiveMaximum
	kwMultipleOf
	kwRequired
	kwMinProperties
	kwMaxProperties
	kwDependencies
	kwDependentRequired
	kwMinItems
	kwMaxItems
	kwUniqueItems
	kwContains
	kwMinContains
	kwMaxContains
	kwAnyOf
	kwOneOf
	kwNot
	kwContentEncoding
	kwContentMediaType
)

var keywordNames = [...]string{
	kwSyntax:            "syntax",
	kwDepth:             "depth",
	kwFuel:              "fuel",
	kwDuplicateKey:      "duplicateKey",
	kwFalse:             "false",
	kwType:              "type",
	kwEnum:              "enum",
	kwConst:             "const",
	kwMinLength:         "minLength",
	kwMaxLength:         "maxLength",
	kwPattern:           "pattern",
	kwFormat:            "format",
	kwMinimum:           "minimum",
	kwMaximum:           "maximum",
	kwExclusiveMinimum:  "exclusiveMinimum",
	kwExclusiveMaximum:  "exclusiveMaximum",
	kwMultipleOf:        "multipleOf",
	kwRequired:          "required",
	kwMinProperties:     "minProperties",
	kwMaxProperties:     "maxProperties",
	kwDependencies:      "dependencies",
	kwDependentRequired: "dependentRequired",
	kwMinItems:          "minItems",
	kwMaxItems:          "maxItems",
	kwUniqueItems:       "uniqueItems",
	kwContains:          "contains",
	kwMinContains:       "minContains",
	kwMaxContains:       "maxContains",
	kwAnyOf:             "anyOf",
	kwOneOf:             "oneOf",
	kwNot:               "not",
	kwContentEncoding:   "contentEncoding",
	kwContentMediaType:  "contentMediaType",
}

// step is how evaluation got from one schema position to the next.
type step uint8

const (
	stepNone step = iota

	// Into a member: frame.at is the offset of its name.
	stepProperty // arg: slot
	stepPattern  // arg: rule
	stepAdditional
	stepPropertyNames
	stepUnevaluatedProps

	// Into an item: frame.at is its position.
	stepItems
	stepAdditionalItems
	stepPrefix // arg: position
	stepTuple  // arg: position
	stepUnevaluatedItems

	// On the same value.
	stepContains
	stepRef
	stepDynamicRef
	stepRecursiveRef
	stepAllOf // arg: position
	stepAnyOf // arg: position
	stepOneOf // arg: position
	stepNot
	stepIf
	stepThen
	stepElse
	stepDependentSchemas // arg: slot
	stepDependencies     // arg: slot
)

var stepNames = [...]string{
	stepProperty:         "properties",
	stepPattern:          "patternProperties",
	stepAdditional:       "additionalProperties",
	stepPropertyNames:    "propertyNames",
	stepUnevaluatedProps: "unevaluatedProperties",
	stepItems:            "items",
	stepAdditionalItems:  "additionalItems",
	stepPrefix:           "prefixItems",
	stepTuple:            "items",
	stepUnevaluatedItems: "unevaluatedItems",
	stepContains:         "contains",
	stepRef:              "$ref",
	stepDynamicRef:       "$dynamicRef",
	stepRecursiveRef:     "$recursiveRef",
	stepAllOf:            "allOf",
	stepAnyOf:            "anyOf",
	stepOneOf:            "oneOf",
	stepNot:              "not",
	stepIf:               "if",
	stepThen:             "then",
	stepElse:             "else",
	stepDependentSchemas: "dependentSchemas",
	stepDependencies:     "dependencies",
}

func (s step) intoMember() bool { return s >= stepProperty && s <= stepUnevaluatedProps }
func (s step) intoItem() bool   { return s >= stepItems && s <= stepUnevaluatedItems }

// frame is a step with its argument and its place in the document.
type frame struct {
	step uint32 // step<<stepShift | argument
	at   uint32
}

const stepShift = 24

func (f frame) kind() step  { return step(f.step >> stepShift) }
func (f frame) arg() uint32 { return f.step & (1<<stepShift - 1) }
