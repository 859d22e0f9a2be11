package reference

// Privacy declares the policy: the member "privacy" of the settings.
func Privacy() Value {
	return object(
		Member{Name: "version", Value: text(`"2026-11-21"`, `""`), Doc: "1 to 32 bytes, which receipts name behind a rule: `people@2026-11-21`. There is none by default."},
		Member{Name: "ipv4_prefix", Default: "24", Value: integer(0, 32), Doc: "Bits of an IPv4 address that are kept."},
		Member{Name: "ipv6_prefix", Default: "48", Value: integer(0, 128), Doc: "Bits of an IPv6 address that are kept."},
		Member{Name: "geo", Default: `"region"`, Value: choice("country", "region", "city", "coordinates"), Doc: "How exactly the CDN's location of the visitor is told."},
		Member{Name: "key", Doc: "The key of hashes. Without one, what should be hashed is dropped.", Value: object(
			Member{Name: "id", Required: true, Doc: "1 to 32 bytes, which receipts name: hashes of different keys can be told apart.", Value: text(`"2026-11"`, `""`)},
			Member{Name: "secret", Required: true, Doc: "Base64 of 16 bytes or more.", Value: text(`"MDEyMzQ1Njc4OWFiY2RlZg=="`, `"c2hvcnQ="`)},
			Member{Name: "salt", Doc: "The salt of Snowplow's pseudonymisation, for `hash` with `as` `snowplow`; without it that drops.", Value: text(`"pepper"`)},
		)},
		Member{Name: "rules", Doc: "What happens to which fields of which events. Where several apply to a value the strictest does, in the order of the [actions](#actions).",
			Value: list(object(
				Member{Name: "name", Required: true, Doc: "Receipts bear it.", Value: text(`"people"`, `""`)},
				Member{Name: "apps", Doc: appsDoc, Value: list(text(`"shop*"`))},
				Member{Name: "protocols", Doc: "Patterns of the names of wire formats, such as `snowplow`. Without it: all.", Value: list(text(`"segment"`))},
				Member{Name: "schemas", Beside: `"fields":["customer.email"]`, Value: list(text(`"iglu:com.acme/*"`)),
					Doc: schemasDoc + " With it `fields` are paths into the data of self-describing events and entities, without it columns."},
				Member{Name: "fields", Required: true, Value: list(text(`"user_id"`, `"none_such"`)),
					Doc: "[Columns](#columns), or paths such as `items.*.note`, `*` standing for any one part."},
				Member{Name: "do", Required: true, Doc: "An action, `{\"action\":…}` with its options; see [Actions](#actions).", Value: Action()},
			))},
		Member{Name: "signals", Default: `[{"name":"gpc-dnt","signals":["gpc","dnt"],"do":"drop_identifiers"}]`,
			Doc: "The table signal × region × app → stance. Its first line that holds decides; a table of one's own replaces the default.",
			Value: list(object(
				Member{Name: "name", Required: true, Doc: "Receipts bear it.", Value: text(`"gpc-california"`, `""`)},
				Member{Name: "signals", Doc: "Any of them; without it the line holds for every request. See [signals](../README.md#signals).",
					Value: list(choice("sp_anonymous", "gpc", "dnt", "consent_denied", "consent_granted", "other_basis", "no_consent"))},
				Member{Name: "regions", Value: list(text(`"US-CA"`, `"california"`)),
					Doc: "ISO 3166-1 countries, ISO 3166-2 subdivisions, `EU` or `EEA`, as the CDN knows them. Without it: everywhere."},
				Member{Name: "apps", Doc: appsDoc, Value: list(text(`"shop*"`))},
				Member{Name: "do", Required: true, Doc: "The stance towards the visitor.", Value: choice("pass", "anonymise", "drop_identifiers", "drop_event")},
			))},
	)
}

// Action declares what can be done to a value, by a rule or by the annotation
// x-weir-privacy of a schema. The first is the strictest.
func Action() Value {
	keep := integer(0, 1<<16)
	return Value{Type: Object, By: "action",
		// For people, whatever the action.
		Members: []Member{
			{Name: "personal", Doc: "What kind of personal data this is, in a word or two.", Value: text(`"email"`)},
			{Name: "why", Doc: "A sentence; a schema must give one with `keep`.", Value: text(`"says nothing of one person"`)},
		},
		Variants: []Variant{
			{Name: "drop", Doc: "The field is removed."},
			{Name: "hash", Doc: "HMAC-SHA-256 with `key`, 64 hexadecimal digits: equal values stay equal, the value cannot be told.", Members: []Member{
				{Name: "as", Default: `"hmac"`, Value: choice("hmac", "snowplow"), Doc: "`snowplow`: SHA-256 of the value and `key.salt` behind it, as that pipeline's enrichment pseudonymises."},
			}},
			{Name: "replace", Doc: "A constant takes its place.", Members: []Member{
				{Name: "with", Doc: "The constant; empty by default.", Value: text(`"removed"`)},
			}},
			{Name: "mask", Doc: "Characters become `*`.", Members: []Member{
				{Name: "keepStart", Doc: "How many stay at the start.", Default: "0", Value: keep},
				{Name: "keepEnd", Doc: "How many stay at the end.", Default: "0", Value: keep},
			}},
			{Name: "generalise", Doc: "The class that a value belongs to takes its place.", Needs: true, Members: []Member{
				{Name: "to", Doc: "Of a year its decade, of a user agent browser and major version, of a URL scheme, host and port.", Value: choice("decade", "family", "origin")},
			}},
			{Name: "truncate", Doc: "Made coarser by cutting.", Needs: true, Members: []Member{
				{Name: "length", Doc: "Characters of a text that stay.", Value: integer(1, 1<<20)},
				{Name: "decimals", Doc: "Decimals of a number or coordinate that stay.", Value: integer(0, 20)},
				{Name: "prefix4", Doc: "Bits of an IPv4 address that stay; 0 if only `prefix6` is given.", Value: integer(0, 32)},
				{Name: "prefix6", Doc: "Bits of an IPv6 address that stay; 0 if only `prefix4` is given.", Value: integer(0, 128)},
				{Name: "unit", Doc: "A date or time goes back to the beginning of it.", Value: choice("minute", "hour", "day", "month", "year")},
			}},
			{Name: "scrub", Doc: "What is found inside is cut out, the rest stays.", Needs: true, Members: []Member{
				{Name: "find", Doc: "What to look for in text: e-mail addresses, telephone numbers, card numbers that Luhn's check confirms.", Value: list(choice("email", "phone", "card"))},
				{Name: "parameters", Doc: "Names of parameters in the query and the fragment of a URL, in any case of letters, `*` standing for any run of characters.", Value: list(text(`"token"`))},
			}},
			{Name: "keep", Doc: "Left as it is, on purpose."},
		}}
}
