package match

import (
	"fmt"
	"strings"
	"testing"

	"weir/sinks"
)

const line = `{"app_id":"shop","collector_tstamp":"2026-11-20T23:03:24.123Z","event_id":"0c5d7b3e-6a4f-4c3f-9a57-0d6a2f8f5f10",` +
	`"event_vendor":"com.example","event_name":"checkout","event_format":"jsonschema","event_version":"1-0-0","geo_country":"CH","br_cookies":false,"page_urlport":443,` +
	`"unstruct_event":{"schema":"iglu:com.example/checkout/jsonschema/1-0-0","data":{"total":99.5,"code":"a=b","lines":[],"note":null}},` +
	`"contexts":[{"schema":"iglu:com.example/user/jsonschema/1-0-0","data":{"id":7,"tier":"gold"}},{"schema":"iglu:com.example/product/jsonschema/1-0-0","data":{"id":9}}],` +
	`"weir":{"verdict":"good","protocol":"snowplow","bot":true,"signs":{"user_agent":"crawler","score":3}}}`

func event(t *testing.T, line string) sinks.Event {
	t.Helper()
	e, err := sinks.ParseEvent([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func condition(t *testing.T, text string) Condition {
	t.Helper()
	var c Condition
	if err := c.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		`geo_country == CH`:   true,
		`geo_country=CH`:      true,
		`geo_country == "CH"`: true,
		`geo_country == C`:    false,
		`geo_country != US`:   true,
		`geo_country != CH`:   false,
		`geo_country >= CG`:   true,
		`geo_country < CG`:    false,
		`geo_country % "?H"`:  true,
		`geo_country !% C*`:   false,
		`geo_country`:         true,

		`user_id`:           false,
		`user_id == x`:      false,
		`user_id != x`:      true,
		`user_id !% x*`:     true,
		`user_id < x`:       false,
		`user_id == null`:   false,
		`br_cookies`:        false,
		`br_cookies==false`: true,

		`page_urlport == 443`:    true,
		`page_urlport == "443"`:  false,
		`page_urlport == 4.43e2`: true,
		`page_urlport > 80`:      true,
		`page_urlport > "80"`:    false,

		`unstruct_event.data.total >= 99.5`:  true,
		`unstruct_event.data.total > 99.5`:   false,
		`unstruct_event.data.total <= 99.49`: false,
		`unstruct_event.data.code == "a=b"`:  true,
		`unstruct_event.data.code == a=b`:    true,
		`unstruct_event.data.lines`:          false,
		`unstruct_event.data.note`:           false,
		`unstruct_event.data.note == null`:   true,
		`unstruct_event.data`:                true,
		`unstruct_event.data == true`:        false,

		`contexts.#.data.id == 9`: true,
		`contexts.#.data.id == 8`: false,
		`contexts.#.data.id != 9`: false,
		`contexts.#.data.id != 8`: true,
		`contexts.#.data.id > 8`:  true,
		`contexts.#.data.nothing`: false,
		`contexts.#.data.tier`:    true,
		`contexts.#(schema%"iglu:com.example/user/*").data.tier == gold`:            true,
		`contexts.#(schema%"iglu:com.example/user/*").data.tier == "silver"`:        false,
		`contexts.#(schema=="iglu:com.example/product/jsonschema/1-0-0").data.tier`: false,
		`contexts.#(data.tier=="gold")#|#  >  0`:                                    true,
		`weir.protocol == snowplow`:                                                 true,
		`weir.bot`:                                                                  true,
		`weir.bot != true`:                                                          false,
		`weir.nobot != true`:                                                        true,
		`weir.signs.user_agent == "crawler"`:                                        true,
		`weir.signs.score < 10`:                                                     true,
	} {
		if got := condition(t, text).Match([]byte(line)); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
}

func TestFaultyConditions(t *testing.T) {
	for text, want := range map[string]string{
		``:                             `no member ""`,
		`geo_contry == CH`:             `no member "geo_contry"`,
		`== CH`:                        `no member ""`,
		`geo_country ==`:               `write "" for the empty text`,
		`geo_country == "CH`:           `not a text in quotes`,
		`geo_country == {"a":1}`:       `compare one of its members`,
		`geo_country % 5`:              `in quotes`,
		`geo_country < null`:           `nothing is less`,
		`contexts.#(a=="b`:             `is not closed`,
		`contexts.#(a=="b" .c == true`: `is not closed`,
	} {
		var c Condition
		if err := c.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v, want one that says %s", text, err, want)
		}
	}
}

func TestRules(t *testing.T) {
	e := event(t, line)
	for _, c := range []struct {
		rule Rule
		want bool
	}{
		{Rule{}, true},
		{Rule{Events: "good"}, true},
		{Rule{Events: "failed"}, false},
		{Rule{Events: "all"}, true},
		{Rule{Apps: []string{"other", "shop"}}, true},
		{Rule{Apps: []string{"sho"}}, false},
		{Rule{Apps: []string{"sho*"}}, true},
		{Rule{Schemas: []string{"iglu:com.example/checkout/jsonschema/1-*"}}, true},
		{Rule{Schemas: []string{"iglu:com.example/cart/*"}}, false},
		{Rule{Where: []Condition{condition(t, "geo_country==CH"), condition(t, "user_id")}}, false},
		{Rule{Where: []Condition{condition(t, "geo_country==CH"), condition(t, "page_urlport")}}, true},
		{Rule{Sample: 1}, true},
	} {
		m, err := New(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Match(e); got != c.want {
			t.Errorf("%+v: %v, want %v", c.rule, got, c.want)
		}
	}
	for _, r := range []Rule{{Events: "bad"}, {Sample: -0.1}, {Sample: 1.1}, {Sample: 0.5, By: "domain_user"}} {
		if _, err := New(r); err == nil {
			t.Errorf("%+v is accepted", r)
		}
	}
}

// A sample has the size it was asked for, is the same each time, and keeps
// together what has the same value.
func TestSample(t *testing.T) {
	m, err := New(Rule{Sample: 0.25, By: "domain_userid"})
	if err != nil {
		t.Fatal(err)
	}
	again, err := New(Rule{Sample: 0.5, By: "domain_userid"})
	if err != nil {
		t.Fatal(err)
	}
	const users = 4000
	taken := 0
	for u := range users {
		var first bool
		for n := range 3 {
			text := strings.Replace(line, "0c5d7b3e", fmt.Sprintf("%08x", n), 1)
			e := event(t, strings.Replace(text, `{`, fmt.Sprintf(`{"domain_userid":"user-%d",`, u), 1))
			got := m.Match(e)
			if n == 0 {
				first = got
			}
			if got != first {
				t.Fatalf("user %d is in the sample and out of it", u)
			}
			if got && !again.Match(e) {
				t.Fatalf("user %d is in the smaller sample and not in the larger", u)
			}
		}
		if first {
			taken++
		}
	}
	// Five standard deviations are 137.
	if taken < users/4-137 || taken > users/4+137 {
		t.Errorf("%d of %d users were sampled, want about a quarter", taken, users)
	}
}

func TestKey(t *testing.T) {
	e := event(t, line)
	for path, want := range map[string]string{
		"":                          e.ID,
		"event_id":                  e.ID,
		"user_id":                   e.ID,
		"geo_country":               "CH",
		"page_urlport":              "443",
		"unstruct_event.data.note":  e.ID,
		"unstruct_event.data.lines": "[]",
	} {
		if got := Key(e, path); got != want {
			t.Errorf("the key at %q is %q, want %q", path, got, want)
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	var c Condition
	if err := c.UnmarshalText([]byte(`unstruct_event.data.total >= 99.5`)); err != nil {
		b.Fatal(err)
	}
	m, err := New(Rule{Events: "good", Where: []Condition{c}})
	if err != nil {
		b.Fatal(err)
	}
	e, err := sinks.ParseEvent([]byte(line))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !m.Match(e) {
			b.Fatal("no match")
		}
	}
}
