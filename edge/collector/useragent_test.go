package collector

import (
	"strings"
	"testing"

	"weir/edge/protocol"
)

func TestClassify(t *testing.T) {
	for text, want := range map[string]string{
		"": "",
		"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0":                                                                     "",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15":                      "",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              "",
		"Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                    "",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram 400.0 (NovaActive)": "",
		"okhttp/5.3.0":           "", // an Android application's, as a rule
		"Dart/3.9 (dart:io)":     "",
		"MyShop/7 CFNetwork/1.0": "",
		"Robotics Browser/1.0":   "",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":            crawler,
		"Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)":             crawler,
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)":           crawler,
		"Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)": crawler,
		"SomeNewCrawler":                            crawler,
		"acme-spider/3":                             crawler,
		"Unknown (+https://who.example/)":           crawler,
		"Pingdom.com_bot_version_1.4_(http://www.)": crawler,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.3; +https://openai.com/gptbot)":                  agent,
		"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)":             agent,
		"Mozilla/5.0 (compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot) HeadlessChrome/142.0":                  agent,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36":           headless,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Chrome-Lighthouse": headless,
		"Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/27.0.0":                                                 headless,
		"curl/8.17.0":                          library,
		"CURL/8":                               library,
		"python-requests/2.32.5":               library,
		"Go-http-client/2.0":                   library,
		"axios/1.13.2":                         library,
		"Java/21.0.9":                          library,
		"node":                                 library,
		"Apache-HttpClient/5.5 (Java/21.0.9)":  library,
		"curl":                                 library,
		"python-requests bot":                  crawler, // the first class that occurs
		strings.Repeat("x", 1<<16) + " curl/8": library,
	} {
		if got := classify(text); got != want {
			t.Errorf("%.80q is %q, want %q", text, got, want)
		}
	}
}

func TestEveryWordIsFound(t *testing.T) {
	count := 0
	for rank := range agents {
		for _, text := range strings.Fields(agents[rank].words) {
			count++
			if text != strings.ToLower(text) {
				t.Errorf("%q is not in lower case: it is never found", text)
			}
			if got := classify("Mozilla/5.0 (" + strings.ToUpper(text) + "/1.0)"); got != agents[rank].class {
				t.Errorf("%q is %q, want %q: it occurs twice, or holds what is in no word", text, got, agents[rank].class)
			}
		}
	}
	if count > wordSlots/2 {
		t.Errorf("%d words for %d slots: make more of them", count, wordSlots)
	}
}

func TestAgentHost(t *testing.T) {
	for header, want := range map[string]string{
		`"https://chatgpt.com"`:                      "chatgpt.com",
		`sig1="https://agents.example:8443/keys?x"`:  "agents.example",
		`a="https://a.example", b="https://b.test"`:  "a.example",
		`"https://[2001:db8::1]/"`:                   "[2001:db8::1]",
		`"http://chatgpt.com"`:                       "",
		`https://chatgpt.com`:                        "",
		`"https://chatgpt.com`:                       "",
		`"https://"`:                                 "",
		`"https://user@chatgpt.com"`:                 "",
		`"https://a\"b"`:                             "",
		`"https://münchen.example"`:                  "",
		`"https://` + strings.Repeat("a", 254) + `"`: "",
		`"data:application/json,{}"`:                 "",
		"":                                           "",
	} {
		if got := agentHost(header); got != want {
			t.Errorf("%s names %q, want %q", header, got, want)
		}
	}
}

func TestPrefersRepresentation(t *testing.T) {
	for header, want := range map[string]bool{
		"return=representation":                        true,
		`RETURN="representation"`:                      true,
		"wait=5, return=representation":                true,
		"respond-async; x=y, return = representation;": true,
		"return=minimal, return=representation":        false,
		"return=representations":                       false,
		"return":                                       false,
		"xreturn=representation":                       false,
		"":                                             false,
		",,;=,":                                        false,
	} {
		if got := prefersRepresentation(header); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}

func BenchmarkClassify(b *testing.B) {
	const text = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		classify(text)
	}
}

// Whatever a sender writes into its headers, what is made of them is a host,
// a query without the key, or nothing.
func FuzzSender(f *testing.F) {
	f.Add(`sig1="https://chatgpt.com/x"`, "return=representation; a, b", "a=b&weir%5Fkey=c&&d", "https://a.example/b", "Googlebot/2.1 (+http://x)")
	f.Add(`"https://[::1]:1"`, `return="representation"`, "weir_key", "a://", "curl")
	f.Fuzz(func(t *testing.T, agent, prefer, query, referer, userAgent string) {
		if host := agentHost(agent); strings.ContainsAny(host, "\"\\/?#@ \x00") || len(host) > 253 {
			t.Errorf("%q names %q", agent, host)
		}
		prefersRepresentation(prefer)
		classify(userAgent)
		var c Collector
		c.request = protocol.Request{Query: query, Headers: []protocol.Header{{Name: "Referer", Value: referer}}}
		if origin := c.origin(); !strings.HasPrefix(referer, origin) {
			t.Errorf("%q is of origin %q", referer, origin)
		}
		c.cutKey()
		q := protocol.NewQuery(c.request.Query)
		for name, _, ok := q.Next(); ok; name, _, ok = q.Next() {
			if protocol.EqualUnescaped(name, keyParameter) {
				t.Errorf("%q leaves %q", query, c.request.Query)
			}
		}
	})
}
