package collector

import "strings"

// The classes of user agents that are no browser before which somebody sits.
const (
	crawler  = "crawler"  // fetches for an index, a preview, an archive or a monitor
	agent    = "agent"    // acts or reads for a model or for who asks one
	headless = "headless" // a browser that a program drives
	// An HTTP library or command that servers use. Those of applications on
	// telephones, such as okhttp and Dart's, are none: people sit before these.
	library = "library"
)

// agents are words of user agents. Of several in one the first class below that
// occurs stands for it: an agent may drive a headless browser and name a library.
var agents = [...]struct{ class, words string }{
	{agent, "gptbot chatgpt-user oai-searchbot claudebot claude-user claude-searchbot claude-web anthropic-ai perplexitybot perplexity-user " +
		"googleagent-mariner google-cloudvertexbot gemini-deep-research ccbot bytespider amazonbot meta-externalagent meta-externalfetcher cohere-ai " +
		"mistralai-user duckassistbot youbot diffbot ai2bot devin manus-user novaact phindbot timpibot imagesiftbot deepseekbot"},
	{headless, "headlesschrome phantomjs puppeteer playwright selenium webdriver cypress slimerjs htmlunit jsdom chrome-lighthouse"},
	{crawler, "slurp mediapartners-google apis-google feedfetcher-google google-inspectiontool googleother google-read-aloud storebot-google adsbot-google " +
		"bingpreview facebookexternalhit facebookcatalog ia_archiver archive.org_bot heritrix nutch scrapy baiduspider yeti daumoa whatsapp skypeuripreview slackbot-linkexpanding " +
		"embedly quora-link-preview pinterestbot vkshare w3c_validator validator.nu pingdom pingdom.com_bot_version_1.4_ uptimerobot statuscake site24x7 newrelicpinger datadogsynthetics " +
		"gtmetrix screaming nikto sqlmap masscan zgrab nuclei nmap wpscan censysinspect"},
	{library, "curl wget libwww-perl lwp-request python-requests python-urllib python-httpx aiohttp httpx urllib3 go-http-client apache-httpclient java java-http-client " +
		"node-fetch undici axios got superagent node deno bun php guzzlehttp guzzle ruby faraday typhoeus httpie postmanruntime insomnia restsharp " +
		"reqwest hyper ureq reactornetty jersey jetty ktor-client winhttp powershell windowspowershell lua-resty-http resty k6 vegeta apachebench siege wrk"},
}

// word says what a word of a user agent means.
type word struct {
	text string
	rank uint8 // index of agents
}

const wordSlots = 512 // a power of two, twice as many as words at least

// words holds the words of agents by their hashes, each in the first free slot
// from there; lengths, for each first letter, a bit for every length that occurs.
var words, lengths = func() (t [wordSlots]word, l [256]uint32) {
	for rank := range agents {
		for _, text := range strings.Fields(agents[rank].words) {
			slot := hashWord(text) % wordSlots
			for t[slot].text != "" {
				slot = (slot + 1) % wordSlots
			}
			t[slot] = word{text, uint8(rank)}
			l[text[0]] |= 1 << (len(text) % 32)
		}
	}
	return t, l
}()

// hashWord is FNV-1a of a word in lower case.
func hashWord(text string) uint32 {
	h := uint32(2166136261)
	for i := range len(text) {
		h = (h ^ uint32(wordBytes[text[i]])) * 16777619
	}
	return h
}

const rankCrawler, rankNone = 2, len(agents)

// classify returns the class of a user agent, "" for what may be a person's
// browser. It reads it once, from the front to the back.
func classify(agent string) string {
	best := rankNone
	for i := 0; i < len(agent); i++ {
		from := i
		for i < len(agent) && wordBytes[agent[i]] != 0 {
			i++
		}
		if i > from {
			best = min(best, rankOf(agent[from:i]))
		}
		// A page about itself, "(…; +https://bot.example)", is what crawlers name.
		if i < len(agent) && agent[i] == '+' && strings.HasPrefix(agent[i+1:], "http") {
			best = min(best, rankCrawler)
		}
	}
	if best == rankNone {
		return ""
	}
	return agents[best].class
}

// rankOf returns the index of agents that a word means, rankNone for none.
func rankOf(text string) int {
	if lengths[wordBytes[text[0]]]&(1<<(len(text)%32)) != 0 {
		for slot := hashWord(text) % wordSlots; words[slot].text != ""; slot = (slot + 1) % wordSlots {
			if w := &words[slot]; len(w.text) == len(text) && strings.EqualFold(w.text, text) {
				return int(w.rank)
			}
		}
	}
	// Most crawlers call themselves one; Cubot makes telephones.
	switch text[len(text)-1] | 0x20 {
	case 't':
		if hasSuffixFold(text, "bot") && !strings.EqualFold(text, "cubot") {
			return rankCrawler
		}
	case 'r':
		if hasSuffixFold(text, "crawler") || hasSuffixFold(text, "spider") {
			return rankCrawler
		}
	}
	return rankNone
}

func hasSuffixFold(s, suffix string) bool {
	_, ok := cutSuffixFold(s, suffix)
	return ok
}

// wordBytes maps the bytes of words to lower case, and what stands between words to 0.
var wordBytes = func() (t [256]byte) {
	for i := range t {
		switch c := byte(i); {
		case c|0x20-'a' < 26:
			t[i] = c | 0x20
		case c-'0' <= 9, c == '-', c == '_', c == '.':
			t[i] = c
		}
	}
	return t
}()

// isHosting reports whether an autonomous system is one of the large clouds and
// hosters. Cloudflare, Fastly and Akamai are none: iCloud Private Relay, which
// people use, ends there.
func isHosting(asn string) bool {
	switch asn {
	case "16509", "14618", // Amazon
		"15169", "396982", // Google
		"8075",            // Microsoft
		"31898",           // Oracle
		"36351",           // IBM
		"45102", "132203", // Alibaba, Tencent
		"14061", "24940", "16276", "12876", // DigitalOcean, Hetzner, OVH, Scaleway
		"63949", "20473", "51167", "60781": // Linode, Vultr, Contabo, Leaseweb
		return true
	}
	return false
}
