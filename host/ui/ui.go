// Package ui is weir's own web pages: the live page, where events appear with
// their verdict as they arrive, and a demo shop that sends some.
//
// Both are static files in the binary: no framework, no build step, no
// network beyond the host they came from. Pages run under a Content-Security-
// Policy without inline script and with Trusted Types, so a payload can reach
// the screen only as text.
//
// The live page reads the admin listener's API:
//
//	GET /api/tail                        Server-Sent Events; "event: envelope", data: one envelope;
//	                                     the last 200 first, then as they are stored
//	GET /api/status                      {"version","started","collector","demo",
//	                                      "counters":{"events","good","failed","unresolved","batches","duplicates"},
//	                                      "journal":{"bytes","limit","records","deadletters","quarantined"},
//	                                      "routes":[{"name","sink","position","lag","oldest","breaker","error"}…]}
//	GET /api/failed?limit=200            {"events":[envelope…]}, latest first
//	GET /api/deadletters?route=&limit=   {"deadletters":[{"id","route","error","attempts","at","retried","envelope"}…]}, latest first
//	POST /api/deadletters/retry          {"ids":[…]}: hands dead letters back to their routes
//
// Every member of the status may be left out; the page shows what there is.
package ui

import (
	"embed"
	"net/http"
)

//go:embed static
var static embed.FS

// Handler serves the live page. It is meant for the root of the admin
// listener, beside the API it reads.
func Handler() http.Handler {
	return &site{gather(folder(static, "static")), policy("'self'")}
}
