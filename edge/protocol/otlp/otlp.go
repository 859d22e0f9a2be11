// Package otlp is the adapter for logs of OpenTelemetry over OTLP/HTTP in JSON:
// POST of an ExportLogsServiceRequest to /v1/logs. Exporters speak Protobuf
// unless told otherwise, which the edge has no decoder for; they are answered
// 415, with what to set: OTEL_EXPORTER_OTLP_PROTOCOL=http/json. Traces and
// metrics are answered 404.
//
// A log record becomes iglu:io.opentelemetry/log/jsonschema/1-0-0: body,
// attributes, severityNumber, severityText, traceId, spanId, … Its resource and
// scope are the entities iglu:io.opentelemetry/resource/jsonschema/1-0-0 and
// iglu:io.opentelemetry/scope/jsonschema/1-0-0. Where the record's eventName (or
// the attribute event.name of older SDKs, or event.schema) is a schema key
// ("iglu:…"), that is the event's schema, its data the body if that is an
// object, else the attributes; what is left of the record is the log entity.
//
// Attributes are an object, each by its name and with a plain value, rather than
// the list of key and value that OTLP sends: names are unique by specification,
// and so a schema, a privacy rule ("attributes.user.email") and a query find one
// by its name.
//
// What has a canonical column goes there and nowhere else: timeUnixNano is
// true_tstamp, cut to milliseconds, observedTimeUnixNano dvce_created_tstamp, and
// of the attributes user.id, session.id, url.full, user_agent.original and so
// on, see columns. The resource's service.name is app_id, or names it by the
// setting apps.
//
// The attribute log.record.uid is the event_id if it is a UUID, else one is made of
// it. An exporter that sends a request again sends the same ones; records without
// it arrive twice then.
package otlp

import (
	"weir/edge/envelope"
	"weir/edge/protocol"
	"weir/edge/protocol/document"
	"weir/schemas/scan"
)

// The schemas of events and entities.
const (
	LogSchema      = "iglu:io.opentelemetry/log/jsonschema/1-0-0"
	ResourceSchema = "iglu:io.opentelemetry/resource/jsonschema/1-0-0"
	ScopeSchema    = "iglu:io.opentelemetry/scope/jsonschema/1-0-0"
)

const logs = "/v1/logs"

// Adapter decodes logs of OpenTelemetry. Make one with [New]; it is not safe for concurrent use.
type Adapter struct {
	doc      document.Reader
	entities []envelope.SelfDescribing
	inner    scan.Scanner
	out      []byte // JSON that is being made
	record   record
	scratch  envelope.Event
	shared   struct { // by the records of a scope
		resource, scope origin
		service         string
	}
}

// New returns an adapter with the default limits.
func New() *Adapter { return &Adapter{doc: document.Reader{Name: "otlp", Limits: document.Default}} }

// Name implements [protocol.Adapter].
func (a *Adapter) Name() string { return a.doc.Name }

// Limit implements [protocol.Limiter].
func (a *Adapter) Limit(l protocol.Limits) { a.doc.Limits = l }

// NameApps implements [protocol.AppNamer].
func (a *Adapter) NameApps(apps []protocol.App) { a.doc.Apps = apps }

// Match implements [protocol.Adapter].
func (a *Adapter) Match(r *protocol.Request) bool {
	return r.Method == "POST" && (r.Path == logs || isOther(r))
}

// isOther reports whether a request is of a signal other than logs, which
// exporters send to the same endpoint.
func isOther(r *protocol.Request) bool { return r.Path == "/v1/traces" || r.Path == "/v1/metrics" }

var (
	taken    = []byte("{}")
	protobuf = []byte("weir reads OTLP in JSON, as application/json: set OTEL_EXPORTER_OTLP_PROTOCOL=http/json\n")
	notLogs  = []byte("weir takes logs, no traces and no metrics: set OTEL_TRACES_EXPORTER=none and OTEL_METRICS_EXPORTER=none\n")
)

// Answer implements [protocol.Answerer]. What is refused here is not sent again:
// exporters retry 429, 502, 503 and 504 alone (OTLP 1.5, section "OTLP/HTTP
// Response"). There is no partialSuccess, as failed events are kept.
func (a *Adapter) Answer(r *protocol.Request) protocol.Answer {
	switch {
	case isOther(r):
		return protocol.Answer{Status: 404, ContentType: "text/plain", Body: notLogs, Dry: true}
	case !document.IsJSON(r):
		return protocol.Answer{Status: 415, ContentType: "text/plain", Body: protobuf, Dry: true}
	}
	return protocol.Answer{ContentType: "application/json", Body: taken}
}

// Decode implements [protocol.Adapter].
func (a *Adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.doc.Begin(r)
	a.entities = a.entities[:0]
	if isOther(r) || !document.IsJSON(r) {
		return dst, nil
	}
	// A request that is cut off is sent again as a whole, so it fails as a whole.
	s := a.doc.Scanner
	whole := s.Skip()
	switch {
	case !s.End():
		keyword, message := protocol.Syntax(s.Code())
		a.doc.Fail("", keyword, message)
	case whole[0] != '{':
		a.doc.Fail("", "type", "the body must be an object with resourceLogs")
	default:
		dst = a.resources(dst)
	}
	return dst, a.doc.Err()
}

// resources reads the logs of every resource.
func (a *Adapter) resources(dst []envelope.Event) []envelope.Event {
	var key scan.Text
	s := a.doc.Scanner
	for s.Object(); s.Member(&key); {
		if !key.Is("resourceLogs") || s.Kind() != scan.Array {
			s.Skip()
			continue
		}
		for s.Array(); s.Item(); {
			dst = a.resource(dst, s)
			s.Skip()
		}
	}
	return dst
}

// resource reads the logs of the resource that s is at, scope by scope.
func (a *Adapter) resource(dst []envelope.Event, s scan.Scanner) []envelope.Event {
	var key scan.Text
	scopes, found := s, false
	var resource, conventions []byte
	if s.Kind() != scan.Object {
		return a.reject(dst, s, "logs of a resource must be an object with scopeLogs")
	}
	for s.Object(); s.Member(&key); {
		if key.Is("scopeLogs") && s.Kind() == scan.Array {
			scopes, found = s, true
		}
		value := s.Skip()
		switch {
		case key.Is("resource"):
			resource = value
		case key.Is("schemaUrl"):
			conventions = value
		}
	}
	if !found {
		return dst
	}
	a.shared.resource.read(a, resource, conventions)
	a.shared.service = a.service()
	for scopes.Array(); scopes.Item(); {
		dst = a.scope(dst, scopes)
		scopes.Skip()
	}
	return dst
}

// scope reads the records of the scope that s is at.
func (a *Adapter) scope(dst []envelope.Event, s scan.Scanner) []envelope.Event {
	var key scan.Text
	records, found := s, false
	var scope, conventions []byte
	if s.Kind() != scan.Object {
		return a.reject(dst, s, "logs of a scope must be an object with logRecords")
	}
	for s.Object(); s.Member(&key); {
		if key.Is("logRecords") && s.Kind() == scan.Array {
			records, found = s, true
		}
		value := s.Skip()
		switch {
		case key.Is("scope"):
			scope = value
		case key.Is("schemaUrl"):
			conventions = value
		}
	}
	if !found || a.doc.Err() != nil {
		return dst
	}
	a.shared.scope.read(a, scope, conventions)
	if len(a.shared.resource.data)+len(a.shared.scope.data)+len(a.shared.resource.misread)+len(a.shared.scope.misread) > document.MaxShared {
		a.doc.Fail("", "maxLength", "a resource and a scope must take no more than 32768 bytes")
		return dst
	}
	for a.doc.Within(records); a.doc.Next(); {
		dst = a.event(dst)
	}
	return dst
}

// reject keeps what should hold logs and does not.
func (a *Adapter) reject(dst []envelope.Event, s scan.Scanner, message string) []envelope.Event {
	if a.doc.Err() != nil {
		return dst
	}
	a.doc.At(s.Offset())
	return a.doc.Reject(dst, s.Skip(), envelope.Violation{Keyword: "type", Message: message})
}

// service returns the name of the service that the resource is.
func (a *Adapter) service() string {
	if a.shared.resource.data == nil {
		return ""
	}
	attributes := a.doc.Find(a.shared.resource.data, "attributes")
	if len(attributes) == 0 || attributes[0] != '{' {
		return ""
	}
	if name := a.doc.Find(attributes, "service.name"); len(name) > 0 && name[0] == '"' {
		return a.doc.Text(name)
	}
	return ""
}
