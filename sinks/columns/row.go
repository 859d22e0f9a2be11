package columns

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"weir/edge/envelope"
)

// MaxDecimal bounds the characters of a decimal and the size of its exponent.
// It is far beyond any amount and far within what databases can hold: an
// exponent of a few billion would otherwise be written out digit by digit.
const MaxDecimal = 1000

// Value is the value of one column.
type Value struct {
	Set  bool   // not null
	Text string // as the envelope spells it: all types but Boolean
	Int  int64  // Integer; Boolean: 0 or 1; Timestamp: milliseconds since the Unix epoch
}

// Row is one event as columns.
type Row [Len]Value

// Read fills the row from an envelope. Texts may be views of envelope, whose
// bytes must not change while the row is in use.
//
// U+0000, a lone surrogate and invalid UTF-8 become U+FFFD, in text and within
// JSON: most databases cannot hold them. A missing fingerprint is empty rather
// than null, so that it takes part in a unique key. Members that are no column
// are passed over. An error names the column that does not have the type which
// the envelope format promises.
func (r *Row) Read(line []byte) error {
	clear(r[:])
	if !gjson.ValidBytes(line) {
		return errors.New("the envelope is not valid JSON")
	}
	object := gjson.Result{Type: gjson.JSON, Raw: envelope.View(line)}
	if !object.IsObject() {
		return errors.New("the envelope is not a JSON object")
	}
	var err error
	object.ForEach(func(key, value gjson.Result) bool {
		i, ok := index[key.Str]
		if !ok || value.Type == gjson.Null {
			return true
		}
		if r[i], err = read(All[i].Type, value); err != nil {
			err = fmt.Errorf("column %s: %w", All[i].Name, err)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	r[envelope.EventFingerprint].Set = true
	for i, c := range All {
		if c.Required && !r[i].Set {
			return fmt.Errorf("column %s: the envelope lacks it", c.Name)
		}
	}
	return nil
}

func read(t Type, v gjson.Result) (Value, error) {
	switch t {
	case Text:
		if v.Type != gjson.String {
			return Value{}, errors.New("not a string")
		}
		// gjson reads a lone surrogate and the escape behind it as one character.
		if c := clean(v.Raw); c != v.Raw {
			v = gjson.Parse(c)
		}
		return Value{Set: true, Text: v.Str}, nil
	case UUID:
		if v.Type != gjson.String || !envelope.IsUUID(v.Str) {
			return Value{}, errors.New("not a UUID")
		}
		return Value{Set: true, Text: v.Str}, nil
	case Timestamp:
		millis, ok := envelope.ParseTime(v.Str)
		if v.Type != gjson.String || !ok {
			return Value{}, errors.New("not an RFC 3339 timestamp in UTC with milliseconds")
		}
		return Value{Set: true, Text: v.Str, Int: millis}, nil
	case Integer:
		n, err := strconv.ParseInt(v.Raw, 10, 32)
		if err != nil {
			return Value{}, errors.New("not an integer of 32 bits")
		}
		return Value{Set: true, Text: v.Raw, Int: n}, nil
	case Boolean:
		switch v.Type {
		case gjson.True:
			return Value{Set: true, Int: 1}, nil
		case gjson.False:
			return Value{Set: true}, nil
		}
		return Value{}, errors.New("not a boolean")
	case Decimal:
		if v.Type != gjson.Number {
			return Value{}, errors.New("not a number")
		}
		if !withinDecimal(v.Raw) {
			return Value{}, fmt.Errorf("a number of more than %d digits, or with an exponent beyond it", MaxDecimal)
		}
		return Value{Set: true, Text: v.Raw}, nil
	default:
		if v.Type != gjson.JSON {
			return Value{}, errors.New("not an object or array")
		}
		return Value{Set: true, Text: clean(v.Raw)}, nil
	}
}

func withinDecimal(number string) bool {
	if len(number) > MaxDecimal {
		return false
	}
	e := strings.IndexAny(number, "eE")
	if e < 0 {
		return true
	}
	exponent, err := strconv.Atoi(number[e+1:])
	return err == nil && -MaxDecimal <= exponent && exponent <= MaxDecimal
}
