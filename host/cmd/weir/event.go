package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"github.com/tidwall/gjson"
)

// eventLine is one event on one line, for people:
//
//	23:03:24.123  failed  shop  product_view  /price multipleOf: …
func eventLine(envelope []byte) string {
	e := gjson.ParseBytes(envelope)
	var b strings.Builder
	// The time of day of an RFC 3339 timestamp.
	if stamp := e.Get("collector_tstamp").String(); len(stamp) >= 23 {
		b.WriteString(clean(stamp[11:23]))
	}
	fmt.Fprintf(&b, "  %-10s  %s  %s", clean(e.Get("weir.verdict").String()), orDash(e.Get("app_id")), orDash(e.Get("event_name")))
	if key := e.Get("unstruct_event.schema"); key.Exists() {
		b.WriteString("  " + clean(key.String()))
	} else if page := e.Get("page_url"); page.Exists() {
		b.WriteString("  " + clean(page.String()))
	}
	violations := e.Get("weir.violations").Array()
	if len(violations) > 0 {
		first := violations[0]
		fmt.Fprintf(&b, "  %s %s: %s", clean(first.Get("path").String()), clean(first.Get("keyword").String()), clean(first.Get("message").String()))
	}
	if more := len(violations) - 1 + int(e.Get("weir.violations_more").Int()); more > 0 {
		fmt.Fprintf(&b, " (and %d more)", more)
	}
	return b.String()
}

func orDash(r gjson.Result) string {
	if s := clean(r.String()); s != "" {
		return s
	}
	return "-"
}

// clean takes out what a terminal would obey: events hold what anybody sent.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
}

// indented is JSON on several lines, in characters that a terminal does not obey.
func indented(text []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return clean(string(text))
	}
	lines := strings.Split(b.String(), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}
