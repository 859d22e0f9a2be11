// Package config is the host's configuration: one YAML file, declared once in
// the structs below. Strict parsing, the JSON Schema for editors (schema.json)
// and the reference page (REFERENCE.md) are derived from their tags:
//
//	yaml     the key
//	default  the value when the key is absent, as it would be written
//	doc      one sentence or two, with unit and range
//	required "true" when the key must be given
//	enum     the only values allowed, separated by commas
//
// Everything works with no file at all.
package config

//go:generate go test -run TestPublished -update .

import (
	"time"

	"weir/host/match"
	"weir/sinks"
)

// Config is the whole configuration.
type Config struct {
	DataDir string        `yaml:"data_dir" default:"weir-data" doc:"Directory for the journal, failed events, the generated secret and embedded databases. On a local disk, never a network file system. Created with mode 0700."`
	Public  Public        `yaml:"public" doc:"The listener that edges send to. It serves ingest and health, nothing else."`
	Admin   Admin         `yaml:"admin" doc:"The listener for operators: metrics, the live page, dead letters. Keep it private."`
	Edge    Edge          `yaml:"edge" doc:"Who may send batches."`
	Journal Journal       `yaml:"journal" doc:"The durable log between ingest and sinks."`
	Schemas []string      `yaml:"schemas" doc:"Folders of Iglu layout (vendor/name/format/version) by which events are judged whose schema the edge did not hold. Changes are noticed within 5s while such events arrive, and at SIGHUP; while they cannot be used, the schemas read before judge. Edges fetch them compiled, and judge by them without a restart."`
	Dead    DeadLetters   `yaml:"dead_letters" doc:"Events that a sink refused or gave up on. They are kept in the journal and count towards max_bytes."`
	Failed  Failed        `yaml:"failed" doc:"The store of failed events, kept whatever the routes say."`
	Sinks   []Sink        `yaml:"sinks" doc:"Destinations. Without any, events go to a SQLite database in the data directory."`
	Routes  []Route       `yaml:"routes" doc:"Which events go to which sink. Without any, every sink gets every event."`
	Drain   time.Duration `yaml:"drain" default:"5s" doc:"Longest time to finish deliveries after SIGTERM. What is left stays in the journal."`
}

// Public is the listener that edges send to.
type Public struct {
	Listen      string        `yaml:"listen" default:":8081" doc:"Address and port. Port 0 takes a free one."`
	TLS         TLS           `yaml:"tls" doc:"Files to serve HTTPS with. Without them the listener speaks HTTP, and something in front of it should speak TLS."`
	MaxBody     sinks.Size    `yaml:"max_body" default:"4MiB" doc:"Largest request body; beyond it the answer is 413. At most 64MiB."`
	Arriving    sinks.Size    `yaml:"arriving" default:"64MiB" doc:"Memory, about, for requests whose signature is not verified yet, 16KiB for each and what has arrived of its body. Beyond it those that have been arriving longest are cut off. At least twice max_body."`
	Concurrent  int           `yaml:"concurrent" default:"256" doc:"Verified requests that are stored at once, and that wait for delivery at once; beyond it the answer is 503."`
	Connections int           `yaml:"connections" default:"1024" doc:"Connections that are open without a request on them. Beyond it those that have waited longest are closed."`
	Timeout     time.Duration `yaml:"timeout" default:"15s" doc:"Longest time to read a request. Slower clients are cut off."`
	AckWait     time.Duration `yaml:"ack_wait" default:"1500ms" doc:"Longest time that a batch sent with ack \"delivered\" waits for the routes that are required. Then the answer is 503 with Retry-After: the batch is stored, and sent again it waits again. Edges give up on a host after 2s."`
}

// TLS names the files of a certificate.
type TLS struct {
	Cert string `yaml:"cert" doc:"PEM file with the certificate and its chain. Replaced files are read again within 10s of the next connection."`
	Key  string `yaml:"key" doc:"PEM file with its private key."`
}

// Admin is the listener for operators.
type Admin struct {
	Listen string       `yaml:"listen" default:"127.0.0.1:8082" doc:"Address and port. Port 0 takes a free one. \"off\" opens no listener."`
	Token  sinks.Secret `yaml:"token" doc:"Bearer token that every admin request must carry, or, from a browser, the password of basic authentication. Required unless the address is a loopback one."`
	// Metrics is for scrapers that can send no token.
	Metrics string `yaml:"metrics" doc:"Address and port of a further listener, which serves /metrics alone and asks for no token: for scrapers that cannot send one. Labels name apps, schemas and routes, so keep it private. None when not given."`
}

// Edge says who may send batches.
type Edge struct {
	Secrets []sinks.Secret `yaml:"secrets" doc:"Standard Webhooks secrets (\"whsec_\" and the base64 of 24 to 64 random bytes), all of them accepted: to rotate, add the new one, move the edges, remove the old one. Without any, WEIR_SECRET is used, or else a secret is generated and kept in the data directory."`
	// Services are whose logs may hold batches.
	Services []string `yaml:"log_services" doc:"Ids of the Fastly services whose log streaming may bring batches to /v1/logs/fastly, or \"*\" for any; the host then answers Fastly's question whether it takes their logs. A line needs the signature of its batch all the same, at most 24h old. Without any, logs are not taken."`
	Rate     int      `yaml:"rate" doc:"Events a second that each secret may send in the long run, with bursts of ten seconds' worth; beyond it the answer is 429 with Retry-After. 0 sets no bound."`
}

// Journal says where the durable log is, and bounds it.
type Journal struct {
	Kind     string        `yaml:"kind" default:"sqlite" enum:"sqlite,nats" doc:"sqlite keeps the journal in the data directory, for one host. nats keeps it on a JetStream cluster that any number of hosts share."`
	NATS     NATS          `yaml:"nats" doc:"The cluster, when kind is nats."`
	MaxBytes sinks.Size    `yaml:"max_bytes" default:"8GiB" doc:"Size at which batches are refused with 503 until routes have moved on. Leave a tenth of the volume free for the write-ahead log."`
	Retain   time.Duration `yaml:"retain" default:"24h" doc:"How long delivered batches are kept for replay, as long as four fifths of max_bytes are not in use."`
	Remember time.Duration `yaml:"remember" default:"14d" doc:"How long batch ids are remembered, so that a batch sent again is stored once. A CDN's queue may hold a batch for 14 days."`
}

// NATS is a JetStream cluster that holds the journal.
type NATS struct {
	Servers     []string      `yaml:"servers" doc:"URLs of the servers, such as nats://10.0.0.1:4222, or tls://."`
	Stream      string        `yaml:"stream" default:"weir" doc:"Name of the log's stream, and the beginning of the names of those beside it. Letters, digits, - and _, at most 32."`
	Replicas    int           `yaml:"replicas" default:"3" doc:"Servers that hold each batch: 1, 3 or 5. With 1 a lost disk loses the journal."`
	Window      time.Duration `yaml:"window" default:"20m" doc:"How long the servers hold batch ids in memory, about 280 bytes each on each replica. Older ones are looked up on disk, up to remember. At least 2m."`
	Credentials string        `yaml:"credentials" doc:"A .creds file with a user's JWT and key."`
	Token       sinks.Secret  `yaml:"token" doc:"Token to connect with."`
	User        string        `yaml:"user" doc:"User to connect as."`
	Password    sinks.Secret  `yaml:"password" doc:"The user's password."`
	CA          string        `yaml:"ca" doc:"PEM file of the authorities that sign the servers' certificates. The system's when not given."`
	Cert        string        `yaml:"cert" doc:"PEM file of this host's certificate, where servers ask for one."`
	Key         string        `yaml:"key" doc:"PEM file with its private key."`
}

// Failed bounds the store of failed events.
type Failed struct {
	Keep     time.Duration `yaml:"keep" default:"30d" doc:"How long failed events can be listed."`
	Max      int           `yaml:"max" default:"100000" doc:"How many failed events are kept, the latest ones."`
	MaxBytes sinks.Size    `yaml:"max_bytes" default:"1GiB" doc:"Bytes of failed events that are kept, the latest ones. The file takes about as much, and does not shrink."`
}

// DeadLetters bounds how long dead letters wait for a person.
type DeadLetters struct {
	Keep time.Duration `yaml:"keep" default:"90d" doc:"How long dead letters are kept. Then they are deleted and counted. 0 keeps them without end."`
	Max  int           `yaml:"max" default:"0" doc:"How many dead letters are kept, the latest ones by their numbers; older ones are deleted and counted. 0 sets no bound. Once they take a quarter of journal.max_bytes, a route that would leave more behind stands still until some are retried or dropped: nothing is deleted to make room."`
}

// Sink is one destination. In YAML its settings stand under the name of its kind.
type Sink struct {
	Name   string // unique; the kind when not given
	Kind   string
	Config any // what sinks.Kind.Config returned, filled in
}

// Route says which events go to a sink, how they are batched and how often a
// write is tried.
type Route struct {
	Name     string            `yaml:"name" doc:"Names the durable position and the metrics: renaming a route starts it afresh. The sink's name when not given."`
	Sink     string            `yaml:"sink" required:"true" doc:"Name of the sink."`
	Events   string            `yaml:"events" default:"all" enum:"good,failed,all" doc:"Events by verdict: good, failed or all."`
	Apps     []string          `yaml:"apps" doc:"Only events of these app ids. A trailing * matches any rest."`
	Schemas  []string          `yaml:"schemas" doc:"Only events classified by these schema keys, such as iglu:com.example/product_view/jsonschema/1-0-0. A trailing * matches any rest."`
	Where    []match.Condition `yaml:"where" doc:"Only events for which all of these hold: a gjson path into the envelope, an operator (== != < <= > >= % !%) and a value, such as unstruct_event.data.total >= 100, or a path alone for what must be there."`
	Sample   Sample            `yaml:"sample" doc:"Only a part of the events, the same one each time."`
	InFlight int               `yaml:"in_flight" default:"0" doc:"Batches of this route that are written at a time, at most 64. 0 is as many as the sink takes, 1 for most. With more than 1 the order is that of the batches' ends only, unless order_by says more."`
	OrderBy  string            `yaml:"order_by" doc:"A gjson path into the envelope, such as domain_userid. Events with the same value there are delivered one after another: the next is written when the one before is stored or a dead letter, and never in one write with it. That costs writes where many events have the same value."`
	Required bool              `yaml:"required" default:"true" doc:"Whether a batch sent with ack \"delivered\" is acknowledged only after this route has delivered it, or made dead letters of what its sink refuses. batch.wait adds to the time that takes."`
	Dedupe   Dedupe            `yaml:"dedupe" doc:"Keeps an event that comes again (the same event_id and event_fingerprint) from being delivered again, for sinks that do not see to it themselves; each sink's page says. Kept in the data directory, on this host alone. A replay does not deliver what is still remembered."`
	Batch    Batch             `yaml:"batch" doc:"When to write. The first bound reached counts."`
	Retry    Retry             `yaml:"retry" doc:"What to do when a write fails."`
}

// Sample is a part of the events.
type Sample struct {
	Rate float64 `yaml:"rate" default:"1" doc:"The part, above 0 to 1."`
	By   string  `yaml:"by" doc:"A gjson path into the envelope, such as domain_userid: events with the same value there are delivered all or not at all. event_id when not given."`
}

// Dedupe is a window of events delivered lately.
type Dedupe struct {
	Keep time.Duration `yaml:"keep" default:"0s" doc:"How long a delivered event is remembered. 0 remembers none."`
	Max  int           `yaml:"max" default:"1000000" doc:"Events remembered at most, the latest ones: about 40 bytes of memory and 16 on disk each."`
}

// Batch says when collected events are written.
type Batch struct {
	Events int           `yaml:"events" default:"500" doc:"Events in one write."`
	Bytes  sinks.Size    `yaml:"bytes" default:"4MiB" doc:"Bytes of envelopes in one write."`
	Wait   time.Duration `yaml:"wait" default:"1s" doc:"Longest time that an event waits for company. 0 writes at once what is there."`
}

// Retry says how often and how long a failing write is tried.
type Retry struct {
	Attempts int           `yaml:"attempts" default:"5" doc:"Failures after which a batch is searched for the event that causes them, and an event that fails while others succeed becomes a dead letter."`
	Initial  time.Duration `yaml:"initial" default:"500ms" doc:"Upper bound of the first pause. The bound doubles with each failure; the pause is random below it."`
	Max      time.Duration `yaml:"max" default:"10s" doc:"Largest bound of a pause."`
	GiveUp   time.Duration `yaml:"give_up" default:"24h" doc:"How long one batch is tried while its sink takes nothing at all. Then its events become dead letters. 0 never gives up: the journal fills and refuses in the end."`
	Timeout  time.Duration `yaml:"timeout" default:"30s" doc:"Longest time of one write."`
}

// Default is the configuration of an empty file: one SQLite sink that gets
// every event, when that kind is in the binary.
func Default() *Config {
	c := new(Config)
	setDefaults(c)
	c.complete()
	return c
}

// complete fills in what follows from the rest: the sink when there is none,
// names, and routes when there are none.
func (c *Config) complete() {
	if len(c.Sinks) == 0 {
		if kind, ok := sinks.Lookup("sqlite"); ok {
			c.Sinks = []Sink{{Name: kind.Name, Kind: kind.Name, Config: kind.Config()}}
		}
	}
	for i := range c.Sinks {
		if s := &c.Sinks[i]; s.Name == "" {
			s.Name = s.Kind
		}
	}
	if len(c.Routes) == 0 {
		for _, s := range c.Sinks {
			c.Routes = append(c.Routes, NewRoute(s.Name))
		}
	}
	for i := range c.Routes {
		if r := &c.Routes[i]; r.Name == "" {
			r.Name = r.Sink
		}
	}
}

// Rule is what the route says about which events it wants.
func (r *Route) Rule() match.Rule {
	return match.Rule{Events: r.Events, Apps: r.Apps, Schemas: r.Schemas, Where: r.Where, Sample: r.Sample.Rate, By: r.Sample.By}
}

// NewRoute returns a route with its defaults that sends every event to a sink.
func NewRoute(sink string) Route {
	r := Route{}
	setDefaults(&r)
	r.Name, r.Sink = sink, sink
	return r
}
