package protocol

import "weir/edge/envelope"

// Classify names the schema that an event of its type stands for.
func Classify(e *envelope.Event) {
	key := Key{Vendor: "com.snowplowanalytics.snowplow", Name: e.Get(envelope.EventType), Format: "jsonschema", Version: "1-0-0"}
	switch key.Name {
	case "":
		return
	case "struct":
		key.Vendor, key.Name = "com.google.analytics", "event"
	case "unstruct":
		var ok bool
		if key, ok = ParseKey(e.Unstruct.Schema); !ok {
			return
		}
	}
	e.Set(envelope.EventVendor, key.Vendor)
	e.Set(envelope.EventName, key.Name)
	e.Set(envelope.EventFormat, key.Format)
	e.Set(envelope.EventVersion, key.Version)
}
