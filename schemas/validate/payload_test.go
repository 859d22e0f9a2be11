package validate_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"weir/schemas/compile"
)

// variants is how many different documents of each payload take turns, so that
// no branch predictor learns one by heart.
const variants = 64

// payload is a workload of the benchmarks.
type payload struct {
	name   string
	schema []byte
	docs   [][]byte
	valid  bool
}

// payloads are those of the published measurements: A, a self-describing event
// of 15 properties in its two wrappers; Abad, the same with five faults; B, a
// payload_data request with base64 parts; Bplain, the same with escaped JSON.
func payloads(t testing.TB) []payload {
	t.Helper()
	product, err := os.ReadFile("testdata/product.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4")
	if err != nil {
		t.Fatal(err)
	}
	request := fmt.Appendf(nil, `{"$schema":"http://json-schema.org/draft-04/schema#","type":"object",
		"properties":{"schema":{"type":"string","pattern":"^iglu:[a-zA-Z0-9-_.]+/[a-zA-Z0-9-_]+/[a-zA-Z0-9-_]+/[0-9]+-[0-9]+-[0-9]+$"},"data":%s},
		"required":["schema","data"],"additionalProperties":false}`, data)
	list := []payload{
		{name: "A", schema: product, valid: true},
		{name: "Abad", schema: product},
		{name: "B", schema: request, valid: true},
		{name: "Bplain", schema: request, valid: true},
	}
	for i := range variants {
		list[0].docs = append(list[0].docs, productEvent(i, false))
		list[1].docs = append(list[1].docs, productEvent(i, true))
		list[2].docs = append(list[2].docs, trackerRequest(i, true))
		list[3].docs = append(list[3].docs, trackerRequest(i, false))
	}
	return list
}

func productEvent(i int, bad bool) []byte {
	sku := fmt.Sprintf("%c%c%c-%05d", 'A'+i%26, 'A'+i/2%26, 'A'+i*7%26, 10000+i*997)
	at := fmt.Sprintf("2026-%02d-%02dT%02d:%02d:%02d.%03dZ", 1+i%12, 1+i%28, i%24, i%60, (i*7)%60, i*13)
	category, position, extra := `"games"`, fmt.Sprint(i*3), ""
	if i%4 == 0 {
		category = "null"
	}
	if bad {
		sku, at, category, position, extra = strings.ToLower(sku), at[:10], `"tools"`, `"third"`, `,"colour":"blue"`
	}
	return fmt.Appendf(nil, `{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.example/product_view/jsonschema/1-0-%d","data":{`+
		`"sku":"%s","name":"Field guide to the rivers and lakes of the north, volume %d","viewedAt":"%s","sessionId":"%08x-1c9f-4b7e-9a51-%012x",`+
		`"url":"https://shop.example.com/en/books/rivers/%d?ref=home&page=2","currency":"%s","category":%s,"price":%d.%02d,"quantity":%d,"position":%s,`+
		`"rating":%d.5,"inStock":%t,"brand":%s,"tags":["new","paper%d","nature"],"referrer":"https://www.example.org/search"%s}}}`,
		i%8, sku, i, at, i*7919, i*104729, i*31, []string{"EUR", "USD", "GBP", "SEK", "JPY"}[i%5], category, 10+i, i, 1+i%9, position,
		i%5, i%2 == 0, []string{"null", `"Riverside"`}[i%2], i, extra)
}

func trackerRequest(i int, encoded bool) []byte {
	event := fmt.Sprintf(`{"schema":"iglu:com.snowplowanalytics.snowplow/unstruct_event/jsonschema/1-0-0","data":{"schema":"iglu:com.snowplowanalytics.snowplow/link_click/jsonschema/1-0-1","data":{"targetUrl":"https://www.example.org/page/%d","elementId":"nav-%d","elementClasses":["button","wide"],"elementTarget":"_blank"}}}`, i*17, i)
	contexts := fmt.Sprintf(`{"schema":"iglu:com.snowplowanalytics.snowplow/contexts/jsonschema/1-0-0","data":[{"schema":"iglu:com.snowplowanalytics.snowplow/web_page/jsonschema/1-0-0","data":{"id":"%08x-55aa-4cc3-8d10-%012x"}},{"schema":"iglu:com.example/user/jsonschema/1-0-0","data":{"id":"u%d","plan":"free","since":"2025-01-%02d"}},{"schema":"iglu:com.snowplowanalytics.snowplow/client_session/jsonschema/1-0-2","data":{"userId":"%08x-77b0-4d1e-b2c3-%012x","sessionId":"%08x-0c1d-4e2f-a3b4-%012x","sessionIndex":%d,"previousSessionId":null,"storageMechanism":"LOCAL_STORAGE","firstEventId":"%08x-9e1b-4a7c-8f00-%012x"}},{"schema":"iglu:com.snowplowanalytics.snowplow/browser_context/jsonschema/1-0-0","data":{"viewport":"1200x900","documentSize":"1440x%d","resolution":"1920x1080","colorDepth":24,"devicePixelRatio":2,"cookiesEnabled":true,"online":true,"browserLanguage":"en-GB"}}]}`,
		i*7919, i*104729, i, 1+i%28, i*49979687, i*67867967, i*15485863, i*32452843, i, i*3571, i*611953, 2000+i)
	ue, co := `"ue_pr":`+quote(event), `"co":`+quote(contexts)
	if encoded {
		ue, co = `"ue_px":`+quote(base64.RawURLEncoding.EncodeToString([]byte(event))), `"cx":`+quote(base64.RawURLEncoding.EncodeToString([]byte(contexts)))
	}
	return fmt.Appendf(nil, `{"schema":"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4","data":[{"e":"ue","eid":"%08x-9e1b-4a7c-8f00-%012x",`+
		`"tv":"js-4.6.%d","tna":"sp","aid":"shop-%d","p":"web","cookie":"1","cs":"UTF-8","lang":"en-GB","res":"%dx1080","cd":"24","tz":"Europe/Stockholm","dtm":"17636800%05d",`+
		`"vp":"%dx900","ds":"1440x%d","vid":"%d","sid":"%08x-0c1d-4e2f-a3b4-%012x","duid":"%08x-77b0-4d1e-b2c3-%012x","uid":"user-%d",`+
		`"url":"https://shop.example.com/books/rivers/%d?ref=home&utm_source=letter&utm_campaign=autumn","page":"Rivers and lakes, page %d","refr":"https://www.example.org/search?q=rivers+%d",%s,%s,"stm":"17636800%05d"}]}`,
		i*3571, i*611953, i%7, i%3, 1600+i, i*37, 1200+i, 2000+i, i, i*15485863, i*32452843, i*49979687, i*67867967, i, i, i, i, ue, co, i*37+11)
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestPayloads(t *testing.T) {
	for _, p := range payloads(t) {
		prog, err := program(p.schema, compile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		for _, doc := range p.docs {
			if !json.Valid(doc) {
				t.Fatalf("%s: not JSON: %s", p.name, doc)
			}
			v := prog.Validate(nil, doc)
			if p.valid && len(v) > 0 || !p.valid && len(v) != 5 {
				t.Fatalf("%s: %s in %s", p.name, describe(v), doc)
			}
		}
		t.Logf("%s: %d bytes", p.name, len(p.docs[0]))
	}
}
