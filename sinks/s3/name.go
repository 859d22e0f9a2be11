package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"weir/sinks"
)

// template names objects. Nothing that a sender can choose gets into a name:
// the placeholders are times, the verdict and the batch's id.
type template struct {
	parts   []part
	hours   bool // events of different hours belong in different objects
	days    bool // events of different days do
	verdict bool // events of different verdicts do
}

// part is literal text or a placeholder.
type part struct {
	text        string
	placeholder bool
}

// place is what the events of one object have in common.
type place struct {
	from    int64 // beginning of the day or hour, in seconds since the Unix epoch; 0 for all times
	verdict string
}

func parseTemplate(text string) (template, error) {
	t := template{}
	rest := text
	for rest != "" {
		literal, after, found := strings.Cut(rest, "{")
		if i := strings.IndexFunc(literal, unfit); i >= 0 {
			return t, fmt.Errorf("%q: use letters, digits and ! - _ . * ' ( ) = / beside placeholders", text)
		}
		if literal != "" {
			t.parts = append(t.parts, part{text: literal})
		}
		if !found {
			break
		}
		name, after, ok := strings.Cut(after, "}")
		if !ok {
			return t, fmt.Errorf("%q: a placeholder is not closed", text)
		}
		switch name {
		case "date", "year", "month", "day":
			t.days = true
		case "hour":
			t.hours = true
		case "verdict":
			t.verdict = true
		case "time", "batch":
		default:
			return t, fmt.Errorf("{%s} is none of {date} {year} {month} {day} {hour} {verdict} {time} {batch}", name)
		}
		t.parts, rest = append(t.parts, part{name, true}), after
	}
	switch {
	case !strings.HasSuffix(text, "{batch}"):
		return t, errors.New("must end with {batch}, which tells the objects apart")
	case t.hours && !t.days:
		return t, errors.New("{hour} needs a {date}, or {year}, {month} and {day}")
	case strings.HasPrefix(text, "/") || strings.Contains(text, "//") || strings.Contains("/"+text, "/../") || strings.Contains("/"+text, "/./"):
		return t, fmt.Errorf("%q: it may not begin with /, nor hold parts that are empty or dots", text)
	case len(text) > 512:
		return t, errors.New("is longer than 512 bytes")
	}
	return t, nil
}

// unfit tells what S3's list of safe characters leaves out, but for = of Hive's partitions.
func unfit(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!-_.*'()=/", r)
}

// place returns where an event belongs.
func (t template) place(e *sinks.Event) (p place) {
	switch {
	case t.hours:
		p.from = e.Collected.Truncate(time.Hour).Unix()
	case t.days:
		p.from = e.Collected.Truncate(24 * time.Hour).Unix()
	}
	if t.verdict {
		p.verdict = e.Verdict
	}
	return p
}

// name returns the name of the object of a place, whose first event was
// collected at first.
func (t template) name(p place, first time.Time, batch string) string {
	var b strings.Builder
	from := time.Unix(p.from, 0).UTC()
	for _, part := range t.parts {
		if !part.placeholder {
			b.WriteString(part.text)
			continue
		}
		switch part.text {
		case "date":
			b.WriteString(from.Format(time.DateOnly))
		case "year":
			b.WriteString(from.Format("2006"))
		case "month":
			b.WriteString(from.Format("01"))
		case "day":
			b.WriteString(from.Format("02"))
		case "hour":
			b.WriteString(from.Format("15"))
		case "verdict":
			b.WriteString(p.verdict)
		case "time":
			b.WriteString(first.UTC().Format("20060102T150405.000Z"))
		case "batch":
			b.WriteString(safe(batch))
		}
	}
	return b.String()
}

// safe returns a batch id as it can stand in a name: as it is, or its hash.
func safe(id string) string {
	if id != "" && len(id) <= 128 && !strings.Contains(id, "/") && id[0] != '.' && strings.IndexFunc(id, unfit) < 0 {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}
