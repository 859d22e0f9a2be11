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
		Member{Name: "apps", Doc: "The keys by which senders of other formats say whose events theirs are, and the `app_id` of each. Without an entry a public key stands for itself, a secret for nothing.",
			Value: named("G-ABC123", text(`"shop"`))},
		Member{Name: "strict", Default: "false", Value: boolean(), Doc: "Fail a whole request for one malformed event, as the official pipeline does."},
		Member{Name: "cookie", Doc: "The cookie that carries the network user id.", Value: cookie()},
		Member{Name: "visitor", Doc: "How visitors are told apart.", Value: visitor()},
		Member{Name: "limits", Doc: "Bounds of a request. Beyond them it is answered as usual and kept, cut short, as a failed event.", Value: limits()},
		Member{Name: "privacy", Doc: "What is removed before anything leaves; see [Privacy](#privacy).", Value: Privacy()},
		Member{Name: "root", Doc: "The answer to `GET /`; without it that is a 404.", Value: object(
			Member{Name: "status", Required: true, Doc: "The status of the answer.", Value: integer(200, 599)},
			Member{Name: "headers", Doc: "Headers by name, their values printable ASCII. Those that frame a message are for the server to set.",
				Value: named("Location", text(`"https://www.example.org/"`, `"a\nb"`), `{"Content-Length":"5"}`)},
			Member{Name: "body", Doc: "The body.", Value: text(`"moved"`)},
		)},
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
	)
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
