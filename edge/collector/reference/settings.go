package reference

import "weir/schemas/scan"

const (
	appsDoc     = "Patterns of app_id, `*` standing for any run of characters. Without it: every app."
	schemasDoc  = "Patterns of schema keys such as `iglu:com.acme/*`, `*` standing for any run of characters."
	cookieChars = "letters, digits and ``!#$%&'*+-.^_`|~``"
)

func ack() Value { return choice("stored", "delivered", "queued", "fast") }

// Settings declares the settings of a collector.
func Settings() Value {
	return object(
		Member{Name: "ack", Default: `"stored"`, Value: ack(),
			Doc: "When a tracker is answered: after the host's sync, after delivery to the required sinks, after the CDN's queue took the batch, or at once."},
		Member{Name: "acks", Doc: "The first rule that means an event goes before `ack`. The events of one request are answered for together, as the most demanding of them asks.",
			Value: list(object(
				Member{Name: "apps", Doc: appsDoc, Value: list(text(`"shop*"`))},
				Member{Name: "schemas", Doc: schemasDoc + " Without it: every event.", Value: list(text(`"iglu:com.acme/*"`))},
				Member{Name: "ack", Required: true, Doc: "As `ack` above.", Value: ack()},
			))},
		Member{Name: "paths", Doc: "Request paths of two segments, and the paths of adapters that each stands for.",
			Value: named("/com.acme/track", text(`"/com.snowplowanalytics.snowplow/tp2"`, `"tp2"`), `{"/a":"/b/c"}`)},
		Member{Name: "webhooks", Doc: "Paths whose requests must bear their sender's signature; the first whose path fits decides.",
			Value: list(object(
				Member{Name: "path", Required: true, Doc: "The path as sent or as mapped, `*` standing for any run of characters.", Value: text(`"/webhook/com.stripe/*"`, `"webhook"`)},
				Member{Name: "scheme", Required: true, Doc: "Who signs, and how.", Value: choice("standard", "stripe", "github", "shopify", "slack")},
				Member{Name: "secrets", Required: true, Doc: "Any of them verifies, so that they can be rotated. 16 bytes or more each; of `standard`, `whsec_` and base64.",
					Value: list(text(`"whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"`))},
			))},
		Member{Name: "access", Doc: "Who may send the events of an app. The first rule for it decides; events of an app without a rule come from anybody.", Value: list(either([]string{"origins", "keys"},
			Member{Name: "apps", Doc: appsDoc, Beside: `"keys":[]`, Value: list(text(`"shop*"`))},
			Member{Name: "origins", Doc: "Origins as browsers spell them. It or `keys` is needed; an empty list of either lets nobody in.",
				Value: list(text(`"https://shop.example"`, `"shop.example"`, `"https://shop.example:443"`))},
			Member{Name: "keys", Doc: "Keys that a sender shows.", Value: list(key(
				Member{Name: "server", Default: "false", Value: boolean(), Doc: "Whether a server of one's own has it, whose events are no machine's in the sense of `bots`."},
			))},
		))},
		Member{Name: "debug_keys", Doc: "Who shows one of them and asks with `Prefer: return=representation` is answered with the verdict on each event.", Value: list(key())},
		Member{Name: "bots", Doc: "What becomes of the events of machines. The first rule for an event's app decides; the signs are noted without one.", Value: list(object(
			Member{Name: "apps", Doc: appsDoc, Value: list(text(`"shop*"`))},
			Member{Name: "do", Required: true, Doc: "Flagged only, dropped and counted, or not looked at.", Value: choice("flag", "drop", "ignore")},
		))},
		Member{Name: "apps", Doc: "The keys by which senders of other formats say whose events theirs are, and the `app_id` of each. Without an entry a public key stands for itself, a secret for nothing.",
			Value: named("G-ABC123", text(`"shop"`))},
		Member{Name: "documents", Doc: "Paths where self-describing JSON of others is posted, and where in it stands what makes an event. Members beside are not kept.",
			Value: list(object(
				Member{Name: "path", Required: true, Doc: "The path, one of its own.", Value: text(`"/acme/events"`, `"acme"`, `"/i?a"`)},
				Member{Name: "schema", Required: true, Doc: "The key of the schema: names of members joined by dots, no more than 8.", Value: text(`"self.schema"`, `"self..schema"`)},
				Member{Name: "data", Doc: "The data, named in the same way; without it the whole document is the data.", Value: text(`"payload.data"`, `""`)},
				Member{Name: "contexts", Doc: "The entities, an array of `{\"schema\",\"data\"}`; without it there are none.", Value: text(`"meta.entities"`, `""`)},
			))},
		Member{Name: "strict", Default: "false", Value: boolean(), Doc: "Fail a whole request for one malformed event, as the official pipeline does."},
		Member{Name: "cookie", Doc: "The cookie that carries the network user id.", Value: cookie()},
		Member{Name: "visitor", Doc: "How visitors are told apart.", Value: visitor()},
		Member{Name: "limits", Doc: "Bounds of a request. Beyond them it is answered as usual and kept, cut short, as a failed event.", Value: limits()},
		Member{Name: "privacy", Doc: "What is removed before anything leaves; see [Privacy](#privacy).", Value: Privacy()},
		Member{Name: "redirects", Doc: "Links that lead through the collector: `/r/tp2?u=URL` becomes an event, and is sent on. There are none by default.", Value: object(
			Member{Name: "hosts", Doc: "Hosts that may be led to, as they stand in a URL. Parents and children of a host are other hosts.",
				Value: list(text(`"shop.example:8443"`, `"https://shop.example"`))},
			Member{Name: "default_path", Default: "true", Value: boolean(), Doc: "Whether `/r/tp2` is answered by that name, and not only paths that `paths` maps to it."},
		)},
		Member{Name: "do_not_track", Doc: "The cookie of visitors who said that they do not want to be tracked: nothing is kept of their events but how many there were.", Value: object(
			Member{Name: "name", Required: true, Doc: "Its name: " + cookieChars + ".", Value: text(`"optout"`, `"a b"`)},
			Member{Name: "value", Required: true, Doc: "Its value, `*` standing for any run of characters.", Value: text(`"1"`)},
		)},
		Member{Name: "crossdomain", Doc: "The policy file at `/crossdomain.xml`; without it that is a 404.", Value: object(
			Member{Name: "domains", Required: true, Doc: "Domains from which requests may come; `*` is every one, `*.shop.example` every one below it.", Value: list(text(`"*.shop.example"`, `"https://shop.example"`))},
			Member{Name: "secure", Default: "true", Value: boolean(), Doc: "Only over https."},
		)},
		Member{Name: "root", Doc: "The answer to `GET /`; without it that is a 404.", Value: object(
			Member{Name: "status", Required: true, Doc: "The status of the answer.", Value: integer(200, 599)},
			Member{Name: "headers", Doc: "Headers by name, their values printable ASCII. Those that frame a message are for the server to set.",
				Value: named("Location", text(`"https://www.example.org/"`, `"a\nb"`), `{"Content-Length":"5"}`)},
			Member{Name: "body", Doc: "The body.", Value: text(`"moved"`)},
		)},
		Member{Name: "hsts_max_age", Default: "0", Value: integer(0, 63_072_000), Doc: "Seconds for which browsers are told to come over TLS only, to this host and those below it. 0 tells them nothing."},
		Member{Name: "preflight_max_age", Default: "3600", Value: integer(0, 86_400), Doc: "Seconds for which browsers may remember the answer to a CORS preflight."},
		Member{Name: "retry_after", Default: "5", Value: integer(1, 3600), Doc: "Seconds, in the refusal that is sent when nobody could take a batch."},
	)
}

func cookie() Value {
	sameSite := choice("None", "Lax", "Strict")
	sameSite.AnyCase = true
	return object(
		Member{Name: "enabled", Default: "true", Value: boolean(), Doc: "Whether there is one."},
		Member{Name: "name", Default: `"sp"`, Value: text(`"sp"`, `"a b"`, `""`), Doc: "Its name: " + cookieChars + "."},
		Member{Name: "domains", Value: list(text(`"shop.example"`, `".shop.example"`)),
			Doc: "Compared with the hosts of the Origin header, in order: the first that is the host, or a parent of it, becomes the cookie's Domain."},
		Member{Name: "fallback_domain", Value: text(`"shop.example"`, `".shop.example"`),
			Doc: "The Domain where none of `domains` fits; without it the cookie belongs to the collector's host alone."},
		Member{Name: "max_age", Default: "31536000", Value: integer(0, 395*86_400), Doc: "Seconds, up to 395 days."},
		Member{Name: "secure", Default: "true", Value: boolean(), Beside: `"same_site":"Lax"`, Doc: "`same_site` None needs it."},
		Member{Name: "http_only", Default: "true", Value: boolean(), Doc: "Whether scripts cannot read it."},
		Member{Name: "same_site", Default: `"None"`, Value: sameSite, Doc: "When browsers send it with requests from other sites."},
		Member{Name: "client_name", Value: text(`"sp_client"`, `"a b"`), Doc: "A second cookie with the same value that scripts can read. There is none by default."},
		Member{Name: "bounce", Doc: "Tells visitors who are new from those whose browsers keep no cookies: a pixel without the cookie is sent to the same URL again.", Value: object(
			Member{Name: "enabled", Default: "false", Value: boolean(), Doc: "Whether it is done."},
			Member{Name: "parameter", Default: `"n3pc"`, Value: text(`"back"`, `"a b"`), Doc: "Says in the query that a visitor came back: letters, digits, `-`, `.` and `_`."},
			Member{Name: "fallback_id", Default: `"00000000-0000-4000-A000-000000000000"`, Value: text(`"00000000-0000-4000-A000-000000000001"`, `"none"`),
				Doc: "The network user id of all those without cookies, a UUID."},
		)},
		Member{Name: "extension", Doc: "The service that browser trackers ask for a cookie that lasts (`cookieExtensionService`).", Value: object(
			Member{Name: "path", Required: true, Doc: "Its path, on the site's own address.", Value: text(`"/cookie-extension"`, `"extension"`)},
			Member{Name: "name", Default: `"sp_extension"`, Value: text(`"sp_beside"`, `"a b"`, `"sp"`), Doc: "The cookie beside: " + cookieChars + "."},
		)},
	)
}

// key declares what a key is known by.
func key(more ...Member) Value {
	return object(append([]Member{
		{Name: "name", Doc: "For people.", Value: text(`"till 4"`)},
		{Name: "sha256", Required: true, Doc: "The key's hash, 64 hexadecimal digits: `printf %s \"$KEY\" | sha256sum`.",
			Value: text(`"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"`, `"9f86d081"`)},
	}, more...)...)
}

func visitor() Value {
	salt := object(
		Member{Name: "id", Required: true, Doc: "1 to 32 bytes, which receipts name.", Value: text(`"2026-11-21"`, `""`)},
		Member{Name: "from", Required: true, Doc: "When it begins to hold, a time of RFC 3339.", Value: text(`"2026-11-21T00:00:00Z"`, `"today"`)},
		Member{Name: "until", Required: true, Doc: "When it no longer holds.", Value: text(`"2026-11-23T00:00:00Z"`, `"2026-11-20T00:00:00Z"`)},
		Member{Name: "secret", Required: true, Doc: "Base64 of 16 bytes or more.", Value: text(`"MDEyMzQ1Njc4OWFiY2RlZg=="`, `"c2hvcnQ="`)},
	)
	salt.Open = true
	return object(
		Member{Name: "mode", Default: `"cookie"`, Value: choice("cookie", "daily"),
			Doc: "`daily` takes no cookie: the id is a keyed hash of address, user agent and app, the key a salt that is replaced every day."},
		Member{Name: "salts", Value: list(salt), Doc: "For runtimes that fetch none from a host, at most eight: whoever writes them has to replace and to destroy them. Members of later versions are passed over."},
	)
}

func limits() Value {
	return object(
		Member{Name: "body", Default: "1048576", Value: integer(1, 16<<20), Doc: "Bytes of a body as received."},
		Member{Name: "inflated", Default: "2097152", Value: integer(1, 64<<20), Doc: "Bytes of a gzip body once inflated."},
		Member{Name: "events", Default: "1000", Value: integer(1, 10_000), Doc: "Events of a request."},
		Member{Name: "entities", Default: "500", Value: integer(1, 10_000), Doc: "Entities of an event."},
		Member{Name: "depth", Default: "50", Value: integer(2, scan.MaxDepth), Doc: "Depth of nested JSON."},
		Member{Name: "batch", Default: "3670016", Value: integer(16<<10, 64<<20), Doc: "Bytes of what becomes of a request. `public.max_body` of every host must be larger."},
	)
}
