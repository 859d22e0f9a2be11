package collector_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/all"
)

const daily = `{"visitor":{"mode":"daily"}}`

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func dailyCollector(t *testing.T, settings string, salts ...string) *collector.Collector {
	t.Helper()
	c, err := collector.New([]byte(settings), nil, all.Adapters()...)
	if err != nil {
		t.Fatal(err)
	}
	if salts != nil {
		if err := c.UseSalts([]byte(`{"salts":[` + strings.Join(salts, ",") + `]}`)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// salt is one of a day, that holds for two.
func salt(day time.Time, secret string) string {
	day = day.Truncate(24 * time.Hour)
	return fmt.Sprintf(`{"id":%q,"from":%q,"until":%q,"secret":%q}`, day.Format("2006-01-02"), day.Format(time.RFC3339),
		day.Add(48*time.Hour).Format(time.RFC3339), base64.StdEncoding.EncodeToString([]byte(secret)))
}

// visit returns the network user id of a page view, empty if it has none.
func visit(t *testing.T, c *collector.Collector, at time.Time, address, agent, query string) string {
	t.Helper()
	batch := string(c.Collect(&collector.Input{NowMillis: at.UnixMilli(), Request: protocol.Request{Method: "GET", Path: "/i", Host: "collector.example",
		Query: "e=pv&p=web&tv=js-4.10.1&" + query, ClientIP: address, Headers: []protocol.Header{{Name: "User-Agent", Value: agent}}}}).Batch)
	if !strings.Contains(batch, `"failed":0`) || !strings.Contains(batch, `{"rule":"daily-visitor","field":"network_userid"`) {
		t.Fatalf("no page view with a receipt of its id: %s", batch)
	}
	_, after, ok := strings.Cut(batch, `"network_userid":"`)
	if !ok {
		return ""
	}
	return after[:36]
}

// The id is what another implementation of HMAC makes of it.
func TestDailyIDIsAKeyedHash(t *testing.T) {
	const secret = "a secret that is of thirty-two b"
	c := dailyCollector(t, daily, salt(noon, secret))
	got := visit(t, c, noon, "203.0.113.77", "Agent/1", "aid=shop")
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("203.0.113.77"))
	for _, part := range []string{"shop", "Agent/1"} {
		mac.Write([]byte{0})
		var size [4]byte
		binary.LittleEndian.PutUint32(size[:], uint32(len(part)))
		mac.Write(size[:3])
		mac.Write([]byte(part))
	}
	sum := mac.Sum(nil)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	text := hex.EncodeToString(sum[:16])
	if want := text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]; got != want || !envelope.IsUUID(got) {
		t.Errorf("id = %s, want %s", got, want)
	}
}

func TestWhatADailyIDIsMadeOf(t *testing.T) {
	today, yesterday := salt(noon, "today's, at least sixteen bytes"), salt(noon.AddDate(0, 0, -1), "yesterday's, at least as many")
	c := dailyCollector(t, daily, yesterday, today)
	first := visit(t, c, noon, "203.0.113.77", "Agent/1", "aid=shop")
	for name, same := range map[string]string{
		"later that day":        visit(t, c, noon.Add(11*time.Hour), "203.0.113.77", "Agent/1", "aid=shop"),
		"mapped into IPv6":      visit(t, c, noon, "::ffff:203.0.113.77", "Agent/1", "aid=shop"),
		"another page":          visit(t, c, noon, "203.0.113.77", "Agent/1", "aid=shop&url=https://b.example/"),
		"an id of the tracker":  visit(t, c, noon, "203.0.113.77", "Agent/1", "aid=shop&nuid=11111111-1111-4111-8111-111111111111"),
		"salts in other orders": visit(t, dailyCollector(t, daily, today, yesterday), noon, "203.0.113.77", "Agent/1", "aid=shop"),
	} {
		if same != first {
			t.Errorf("%s: %s, want %s", name, same, first)
		}
	}
	seen := map[string]string{first: "the first"}
	for name, other := range map[string]string{
		"the day before":           visit(t, c, noon.AddDate(0, 0, -1), "203.0.113.77", "Agent/1", "aid=shop"),
		"a neighbour":              visit(t, c, noon, "203.0.113.78", "Agent/1", "aid=shop"),
		"another browser":          visit(t, c, noon, "203.0.113.77", "Agent/2", "aid=shop"),
		"another app":              visit(t, c, noon, "203.0.113.77", "Agent/1", "aid=shopAgent"),
		"no app, a page":           visit(t, c, noon, "203.0.113.77", "Agent/1", "url=https://b.example/"),
		"no app, another page":     visit(t, c, noon, "203.0.113.77", "Agent/1", "url=https://c.example/"),
		"neither app nor page":     visit(t, c, noon, "203.0.113.77", "Agent/1", ""),
		"app and agent run as one": visit(t, c, noon, "203.0.113.77", "pAgent/1", "aid=sho"),
		"another host's salt":      visit(t, dailyCollector(t, daily, salt(noon, "another of sixteen bytes and more")), noon, "203.0.113.77", "Agent/1", "aid=shop"),
	} {
		if before, known := seen[other]; known {
			t.Errorf("%s has the id of %s", name, before)
		}
		seen[other] = name
	}
}

// What is missing makes no id rather than another.
func TestDailyIDsFailClosed(t *testing.T) {
	today := salt(noon, "today's, at least sixteen bytes")
	later := salt(noon.AddDate(0, 0, 1), "tomorrow's, at least as many")
	for name, id := range map[string]string{
		"no salts":           visit(t, dailyCollector(t, daily), noon, "203.0.113.77", "Agent/1", ""),
		"an empty list":      visit(t, dailyCollector(t, daily, []string{}...), noon, "203.0.113.77", "Agent/1", ""),
		"one to come":        visit(t, dailyCollector(t, daily, later), noon, "203.0.113.77", "Agent/1", ""),
		"one that has ended": visit(t, dailyCollector(t, daily, today), noon.Add(36*time.Hour), "203.0.113.77", "Agent/1", ""),
		"no address":         visit(t, dailyCollector(t, daily, today), noon, "", "Agent/1", ""),
		"none that is one":   visit(t, dailyCollector(t, daily, today), noon, "unknown", "Agent/1", "nuid=11111111-1111-4111-8111-111111111111"),
	} {
		if id != "" {
			t.Errorf("%s: there is an id, %s", name, id)
		}
	}
}

func TestUseSalts(t *testing.T) {
	c := dailyCollector(t, `{"visitor":{"mode":"daily","salts":[`+salt(noon, "of the settings: sixteen bytes")+`]}}`)
	before := visit(t, c, noon, "203.0.113.77", "Agent/1", "")
	for json, want := range map[string]string{
		``:                            "salts: ",
		`[]`:                          "salts: must be an object",
		`{}`:                          `salts: must be {"salts":[…]}`,
		`{"salts":{}}`:                "salts: salts: must be an array of salts",
		`{"salts":[]} x`:              "salts: unexpected data",
		`{"salts":[{}]}`:              "salts: salts.0: needs an id",
		`{"salts":[{"id":"a"}]}`:      "salts: salts.0: needs from and until",
		`{"salts":[{"from":"today"}]`: "salts: salts.0.from: must be a time of RFC 3339",
		`{"salts":[{"id":"a","from":"2026-11-20T00:00:00Z","until":"2026-11-20T00:00:00Z","secret":"AAAAAAAAAAAAAAAAAAAAAAAA"}]}`:         "salts: salts.0: needs from and until",
		`{"salts":[{"id":"a","from":"2026-11-20T00:00:00Z","until":"2026-11-21T00:00:00Z","secret":"AAAA"}]}`:                             "salts: salts.0: needs a secret",
		`{"salts":[` + strings.Repeat(salt(noon, "sixteen bytes or more of it")+",", 8) + salt(noon, "the ninth of sixteen bytes") + `]}`: ": must be at most 8",
	} {
		if err := c.UseSalts([]byte(json)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", json, err, want)
		}
		if visit(t, c, noon, "203.0.113.77", "Agent/1", "") != before {
			t.Fatalf("%s: the salts are others after an error", json)
		}
	}
	// A later host may say more.
	more := `{"version":2,"salts":[` + strings.TrimSuffix(salt(noon, "of a host: sixteen bytes or more"), "}") + `,"seal":[1]}]}`
	if err := c.UseSalts([]byte(more)); err != nil {
		t.Fatal(err)
	}
	if after := visit(t, c, noon, "203.0.113.77", "Agent/1", ""); after == before || after == "" {
		t.Errorf("id = %q after %q, want that of the host's salt", after, before)
	}
	if err := c.UseSalts([]byte(`{"salts":[]}`)); err != nil || visit(t, c, noon, "203.0.113.77", "Agent/1", "") != "" {
		t.Errorf("there is an id without a salt; %v", err)
	}
}

func TestDailyIDsAllocateNothing(t *testing.T) {
	c := dailyCollector(t, daily, salt(noon, "today's, at least sixteen bytes"))
	in := &collector.Input{NowMillis: noon.UnixMilli(), Request: protocol.Request{Method: "GET", Path: "/i", ClientIP: "203.0.113.77",
		Query: "e=pv&p=web&tv=x&url=https://b.example/", Headers: []protocol.Header{{Name: "User-Agent", Value: "Agent/1"}}}}
	if got := testing.AllocsPerRun(20, func() { c.Collect(in) }); got != 0 {
		t.Errorf("%v allocations per request", got)
	}
}

func BenchmarkDailyID(b *testing.B) {
	for _, settings := range []string{`{}`, daily} {
		b.Run(settings, func(b *testing.B) {
			c, err := collector.New([]byte(settings), nil, all.Adapters()...)
			if err == nil {
				err = c.UseSalts([]byte(`{"salts":[` + salt(noon, "today's, at least sixteen bytes") + `]}`))
			}
			if err != nil {
				b.Fatal(err)
			}
			in := &collector.Input{NowMillis: noon.UnixMilli(), Request: protocol.Request{Method: "GET", Path: "/i", ClientIP: "203.0.113.77", Query: "e=pv&p=web&tv=x&aid=shop"}}
			for b.Loop() {
				c.Collect(in)
			}
		})
	}
}
