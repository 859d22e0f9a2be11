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

// keywordNames are the names of the keywords in their order.
const keywordNames = "" +
	"syntax\n" +
	"depth\n" +
	"fuel\n" +
	"duplicateKey\n" +
	"false\n" +
	"type\n" +
	"enum\n" +
	"const\n" +
	"minLength\n" +
	"maxLength\n" +
	"pattern\n" +
	"format\n" +
	"minimum\n" +
	"maximum\n" +
	"exclusiveMinimum\n" +
	"exclusiveMaximum\n" +
	"multipleOf\n" +
	"required\n" +
	"minProperties\n" +
	"maxProperties\n" +
	"dependencies\n" +
	"dependentRequired\n" +
	"minItems\n" +
	"maxItems\n" +
	"uniqueItems\n" +
	"contains\n" +
	"minContains\n" +
	"maxContains\n" +
	"anyOf\n" +
	"oneOf\n" +
	"not\n" +
	"contentEncoding\n" +
	"contentMediaType\n"

// line returns line i of a text. Texts of lines take less room in wasm, and a
// module starts faster with them, than arrays of strings do.
//
//go:noinline
func line(text string, i int) string {
	from := 0
	for end := range len(text) {
		if text[end] != '\n' {
			continue
		}
		if i--; i < 0 {
			return text[from:end]
		}
		from = end + 1
	}
	return ""
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

// stepNames are the names of the steps in their order; stepNone has none.
const stepNames = "\n" +
	"properties\n" +
	"patternProperties\n" +
	"additionalProperties\n" +
	"propertyNames\n" +
	"unevaluatedProperties\n" +
	"items\n" +
	"additionalItems\n" +
	"prefixItems\n" +
	"items\n" +
	"unevaluatedItems\n" +
	"contains\n" +
	"$ref\n" +
	"$dynamicRef\n" +
	"$recursiveRef\n" +
	"allOf\n" +
	"anyOf\n" +
	"oneOf\n" +
	"not\n" +
	"if\n" +
	"then\n" +
	"else\n" +
	"dependentSchemas\n" +
	"dependencies\n"

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
