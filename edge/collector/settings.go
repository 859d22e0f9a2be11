package collector

import (
	"weir/edge/envelope"
	"weir/edge/privacy"
	"weir/edge/protocol"
)

// Settings configure a collector. Their JSON form has the member names given
// here; what is left out keeps its default, and an unknown member is an error.
type Settings struct {
	// Ack ("ack") says when a tracker is answered: stored (default), delivered, queued or fast.
	Ack envelope.Ack

	// Acks ("acks") is an array of {"apps","schemas","ack"}, see [AckRule]: the
	// first rule that means an event goes before Ack. The events of one request
	// are answered for together, as the most demanding of them asks.
	Acks []AckRule

	// Paths ("paths") maps request paths to the paths of adapters:
	// {"/com.acme/track": "/com.snowplowanalytics.snowplow/tp2"}.
	// The mapped path is the one that adapters see.
	Paths []PathMapping

	// Webhooks ("webhooks") is an array of {"path","scheme","secrets"}, see [Webhook].
	Webhooks []Webhook

	// Access ("access") is an array of {"apps","origins","keys"}, see [AccessRule]:
	// who may send the events of which apps. Without any, everybody may.
	Access []AccessRule

	// DebugKeys ("debug_keys") is an array of {"name","sha256"}, see [Key]: who
	// shows one of them and asks with Prefer: return=representation is answered
	// with the verdict on each event.
	DebugKeys []Key

	// Bots ("bots") is an array of {"apps","do"}, see [BotRule]. The first rule
	// for an event's app decides; the signs of machines are noted without one.
	Bots []BotRule

	// Apps ("apps") maps the keys by which senders of other formats say whose
	// events theirs are to app_id: {"a Segment write key": "shop", "G-ABC123": "shop"}.
	// Without an entry a key that is public stands for itself, and a secret for nothing.
	Apps []protocol.App

	// Documents ("documents") is an array of {"path","schema","data","contexts"}, the
	// last three being names of members joined by dots, see [protocol.Document].
	Documents []protocol.Document

	// Strict ("strict", default false) fails a whole request for one malformed
	// event, as the official pipeline does.
	Strict bool

	Cookie  Cookie  // "cookie"
	Visitor Visitor // "visitor"
	Limits  Limits  // "limits"

	// Privacy ("privacy") holds ipv4_prefix (bits, 0 to 32, default 24),
	// ipv6_prefix (0 to 128, default 48), geo (country, region, city or
	// coordinates; default region), key ({"id","secret"}, the secret in base64,
	// 16 bytes or more; without it what should be hashed is dropped) and rules,
	// an array of {"name","apps","protocols","schemas","fields","do"}, see [privacy.Rule].
	Privacy privacy.Rules

	Redirects   Redirects   // "redirects"
	DoNotTrack  DoNotTrack  // "do_not_track"
	Crossdomain Crossdomain // "crossdomain"

	// Root ("root") is the answer to GET /; without it that is a 404.
	Root Root

	// HSTSMaxAge ("hsts_max_age", seconds, 0 to 63072000, default 0) is how long
	// browsers are told to come over TLS only, to this host and those below it.
	// 0 tells them nothing.
	HSTSMaxAge int

	// PreflightMaxAge ("preflight_max_age", seconds, 0 to 86400, default 3600)
	// is how long browsers may remember the answer to a CORS preflight.
	PreflightMaxAge int

	// RetryAfter ("retry_after", seconds, 1 to 3600, default 5) stands in the
	// refusal that is sent when nobody could take a batch.
	RetryAfter int
}

// PathMapping is one entry of [Settings.Paths].
type PathMapping struct{ From, To string }

// Cookie is the cookie that carries the network user id.
type Cookie struct {
	Enabled bool   // "enabled", default true
	Name    string // "name", default sp
	// Domains ("domains") are compared with the hosts of the Origin header, in
	// order: the first that is the host, or a parent of it, becomes the cookie's Domain.
	Domains []string
	// FallbackDomain ("fallback_domain") is the Domain where none of Domains
	// fits; without it the cookie belongs to the collector's host alone.
	FallbackDomain string
	MaxAge         int    // "max_age", seconds, 0 to 34128000 (395 days), default 31536000
	Secure         bool   // "secure", default true
	HTTPOnly       bool   // "http_only", default true
	SameSite       string // "same_site": None (default), Lax or Strict
	// ClientName ("client_name") names a second cookie with the same value that
	// scripts can read. There is none by default.
	ClientName string
	Bounce     Bounce    // "bounce"
	Extension  Extension // "extension"
}

// Limits bound a request. Beyond them it is answered as usual and kept, cut
// short, as a failed event: a tracker would send it again for ever otherwise.
type Limits struct {
	Body     int // "body", bytes as received, 1 to 16 MiB, default 1 MiB
	Inflated int // "inflated", bytes of a gzip body once inflated, 1 to 64 MiB, default 2 MiB
	Events   int // "events" in one request, 1 to 10000, default 1000
	Entities int // "entities" of an event, 1 to 10000, default 500
	Depth    int // "depth" of nested JSON, 2 to 250, default 50
	// Batch ("batch") bounds what becomes of a request, in bytes, 16 KiB to 64
	// MiB, default 3.5 MiB. The public.max_body of every host must be larger.
	Batch int
}

// Root is an answer to GET /.
type Root struct {
	Status  int               // "status", 200 to 599; 0 for no such route
	Headers []protocol.Header // "headers", an object
	Body    []byte            // "body", a string
}

func defaults() Settings {
	return Settings{
		Cookie: Cookie{
			Enabled: true, Name: "sp", MaxAge: 31_536_000, Secure: true, HTTPOnly: true, SameSite: "None",
			Bounce:    Bounce{Parameter: "n3pc", FallbackID: "00000000-0000-4000-A000-000000000000"},
			Extension: Extension{Name: "sp_extension"},
		},
		Redirects:       Redirects{DefaultPath: true},
		Crossdomain:     Crossdomain{Secure: true},
		Limits:          Limits{Body: 1 << 20, Inflated: 2 << 20, Events: 1000, Entities: 500, Depth: 50, Batch: 7 << 19},
		Privacy:         privacy.Default,
		PreflightMaxAge: 3600,
		RetryAfter:      5,
	}
}
