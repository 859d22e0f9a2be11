package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"weir/host/config"
	"weir/sinks"
)

// fake is a sink whose settings have one field of every shape.
type fake struct {
	DSN    sinks.Secret      `yaml:"dsn" required:"true" doc:"Where to connect."`
	Table  string            `yaml:"table" doc:"Table."`
	Mode   string            `yaml:"mode" enum:"fast,safe" doc:"Mode."`
	Size   sinks.Size        `yaml:"size" doc:"Size."`
	Every  time.Duration     `yaml:"every" doc:"Interval."`
	Sync   bool              `yaml:"sync" doc:"Sync."`
	Ratio  float64           `yaml:"ratio" doc:"Ratio."`
	Labels map[string]string `yaml:"labels" doc:"Labels."`
	Nested struct {
		Retries int `yaml:"retries" default:"3" doc:"Retries."`
	} `yaml:"nested" doc:"Nested."`
}

func (f *fake) Validate() error {
	var errs []error
	if f.Table == "bad" {
		errs = append(errs, errors.New("table: is bad"))
	}
	if f.Ratio > 1 {
		errs = append(errs, errors.New("ratio exceeds one"))
	}
	return errors.Join(errs...)
}

// registerFakes adds the kinds of these tests to those of the binary.
func registerFakes() {
	sinks.Register(sinks.Kind{Name: "fake", Doc: "A sink for tests.",
		Config: func() any { return &fake{Table: "events", Mode: "safe", Size: 64 << 20, Every: 5 * time.Minute} }})
	sinks.Register(sinks.Kind{Name: "nothing", Doc: "Takes everything.", Config: func() any { return new(struct{}) }})
}

func noEnv(string) (string, bool) { return "", false }

func parse(t *testing.T, text string, env ...string) (*config.Config, error) {
	t.Helper()
	return config.Parse("weir.yaml", []byte(text), func(name string) (string, bool) {
		for i := 0; i < len(env); i += 2 {
			if env[i] == name {
				return env[i+1], true
			}
		}
		return "", false
	})
}

func TestEmptyFile(t *testing.T) {
	for _, text := range []string{"sinks: [{kind: nothing}]", "sinks:\n- nothing: {}\n", "sinks:\n- nothing:\n"} {
		c, err := parse(t, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if c.Public.Listen != ":8081" || c.Admin.Listen != "127.0.0.1:8082" || c.Journal.Remember != 14*24*time.Hour || c.Public.MaxBody != 4<<20 {
			t.Errorf("%q: defaults are %+v", text, c)
		}
		if len(c.Routes) != 1 || c.Routes[0].Name != "nothing" || c.Routes[0].Sink != "nothing" || c.Routes[0].Events != "all" || c.Routes[0].Batch.Events != 500 {
			t.Errorf("%q: the route that follows from a sink is %+v", text, c.Routes)
		}
	}
}

func TestWhole(t *testing.T) {
	c, err := parse(t, `
data_dir: ${DATA:-/var/lib/weir}
edge: {secrets: ["${SECRET}"]}
sinks:
  - name: warehouse
    fake:
      dsn: postgres://u:${PASS}@db/x
      mode: fast
      size: 1GiB
      every: 2d
      sync: ${SYNC}
      ratio: 0.5
      labels: {team: "a$${b"}
      nested: {retries: 7}
routes:
  - sink: warehouse
    events: good
    apps: [shop, "test-*"]
    where: [user_id, "unstruct_event.data.total >= 100"]
    sample: {rate: 0.25, by: domain_userid}
    in_flight: 4
    order_by: domain_userid
    batch: {events: 10, bytes: 1MiB, wait: 0s}
    retry: {attempts: 2, initial: 1ms, max: 2ms, give_up: 0s}
  - name: bad
    sink: warehouse
    events: failed
`, "SECRET", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "PASS", "p: [x]", "SYNC", "true")
	if err != nil {
		t.Fatal(err)
	}
	f := c.Sinks[0].Config.(*fake)
	if f.DSN.Reveal() != "postgres://u:p: [x]@db/x" || f.Mode != "fast" || f.Size != 1<<30 || f.Every != 48*time.Hour || !f.Sync ||
		f.Ratio != 0.5 || f.Labels["team"] != "a${b" || f.Nested.Retries != 7 || f.Table != "events" {
		t.Errorf("settings are %+v", f)
	}
	if c.DataDir != "/var/lib/weir" || c.Edge.Secrets[0].Reveal() == "" || len(c.Routes) != 2 || c.Routes[0].Name != "warehouse" ||
		c.Routes[0].Batch.Wait != 0 || len(c.Routes[0].Where) != 2 || c.Routes[0].Where[1].String() != "unstruct_event.data.total >= 100" ||
		c.Routes[0].Sample.Rate != 0.25 || c.Routes[1].Sample.Rate != 1 || c.Routes[0].InFlight != 4 || c.Routes[1].Retry.Attempts != 5 {
		t.Errorf("configuration is %+v", c)
	}
}

func TestEverythingIsNamedAtOnce(t *testing.T) {
	_, err := parse(t, `data_dri: /x
public:
  listen: nowhere
  max_body: 1GiB
  concurrent: many
admin: {listen: "0.0.0.0:8082"}
edge:
  secrets: [hunter2, "${MISSING}"]
sinks:
  - name: pg
    fake:
      dns: x
      mode: quick
      nested: {retrys: 1}
  - fak: {}
  - name: pg
    nothing: {}
  - name: lonely
    fake: {dsn: x, table: bad, ratio: 2}
routes:
  - sink: pgg
    events: bad
    batch: {events: 0}
    apps: ["a*b"]
    apps: [twice]
  - events: good
    where: ["geo_contry == CH", user_id]
    sample: {rate: 0, by: domain_user}
    in_flight: 65
    order_by: user
`)
	want := []string{
		`weir.yaml:1: data_dri: unknown key "data_dri"; did you mean "data_dir"?`,
		`weir.yaml:3: public.listen: must be an address and a port such as 127.0.0.1:8081, not "nowhere"`,
		`weir.yaml:4: public.max_body: must lie between 1KiB and 64MiB`,
		`weir.yaml:5: public.concurrent: must be a whole number, not "many"`,
		`weir.yaml:6: admin.token: required because 0.0.0.0:8082 is not a loopback address`,
		`weir.yaml:8: edge.secrets[1]: the environment variable MISSING is not set; set it or write ${MISSING:-default}`,
		`weir.yaml:8: edge.secrets[0]: the secret does not begin with "whsec_"`,
		`weir.yaml:12: sinks[0].fake.dns: unknown key "dns"; did you mean "dsn"?`,
		`weir.yaml:14: sinks[0].fake.nested.retrys: unknown key "retrys"; did you mean "retries"?`,
		`weir.yaml:11: sinks[0].fake.dsn: required`,
		`weir.yaml:13: sinks[0].fake.mode: must be one of fast, safe, not "quick"`,
		`weir.yaml:15: sinks[1].fak: unknown kind of sink "fak"; did you mean "fake"?`,
		`weir.yaml:16: sinks[2].name: "pg" is already the name of sinks[0]`,
		`weir.yaml:19: sinks[3].fake.table: is bad`,
		`weir.yaml:19: sinks[3].fake: ratio exceeds one`,
		`weir.yaml:18: sinks[3]: no route leads to "lonely": add one or remove the sink`,
		`weir.yaml:21: routes[0].sink: unknown sink "pgg"; did you mean "pg"?`,
		`weir.yaml:22: routes[0].events: must be good, failed or all, not "bad"`,
		`weir.yaml:23: routes[0].batch.events: must be at least 1`,
		`weir.yaml:24: routes[0].apps[0]: "a*b" must be a name, or the beginning of one followed by *`,
		`weir.yaml:25: routes[0].apps: given twice`,
		`weir.yaml:26: routes[1].sink: required`,
		`weir.yaml:27: routes[1].where[0]: path "geo_contry": envelopes have no member "geo_contry"; see the columns in sinks/columns/README.md`,
		`weir.yaml:28: routes[1].sample.rate: must lie above 0 and be at most 1: to deliver nothing, remove the route`,
		`weir.yaml:28: routes[1].sample.by: path "domain_user": envelopes have no member "domain_user"; see the columns in sinks/columns/README.md`,
		`weir.yaml:29: routes[1].in_flight: must lie between 0 and 64`,
		`weir.yaml:30: routes[1].order_by: path "user": envelopes have no member "user"; see the columns in sinks/columns/README.md`,
	}
	if err == nil {
		t.Fatal("accepted")
	}
	for _, line := range want {
		if !strings.Contains("\n"+err.Error()+"\n", "\n"+line+"\n") {
			t.Errorf("missing: %s", line)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a secret is shown")
	}
	if t.Failed() {
		t.Logf("the error is:\n%v", err)
	}
}

func TestNotConfiguration(t *testing.T) {
	for text, want := range map[string]string{
		"sinks: [":                        "weir.yaml:1: ",
		"a: 1\n---\nb: 2":                 "a second document",
		"just text":                       "must be a block of keys",
		"sinks: {nothing: {}}":            "sinks: must be a list",
		"sinks: [{name: x}]":              "sinks[0]: needs a kind",
		"sinks: [{kind: nothing}, {}]":    "sinks[1]: needs a kind",
		"drain: -1s":                      "drain: must be a duration such as",
		"drain: 5":                        "drain: must be a duration such as",
		"schemas: [[a]]":                  `schemas[0]: must be text, not a list`,
		"journal: {retain: 1w}":           "journal.retain: must be a duration",
		"journal: {kind: kafka}":          "journal.kind",
		"journal: {kind: nats}":           "journal.nats.servers: required",
		"journal: {nats: {servers: [a]}}": "journal.nats: has servers",
		"journal: {kind: nats, nats: {servers: [a], stream: a.b}}": "journal.nats.stream: must be",
		"journal: {kind: nats, nats: {servers: [a], replicas: 2}}": "journal.nats.replicas: must be",
		"journal: {kind: nats, nats: {servers: [a], window: 1s}}":  "journal.nats.window: must be",
		"journal: {kind: nats, nats: {servers: [a], cert: x}}":     "journal.nats.cert: needs",
		"sinks: [{kind: fake, nothing: {}}]":                       "already fake",
		"edge: {log_services: [my service]}":                       "edge.log_services[0]: \"my service\" is neither",
		"edge: {log_services: [abc]}\njournal: {remember: 1h}":     "journal.remember: must be at least 24h0m0s with edge.log_services",
	} {
		_, err := parse(t, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", text, err, want)
		}
	}
}

func TestSecretFromEnvironment(t *testing.T) {
	const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	c, err := parse(t, "sinks: [{kind: nothing}]", config.SecretVariable, secret)
	if err != nil || len(c.Edge.Secrets) != 1 || c.Edge.Secrets[0].Reveal() != secret {
		t.Errorf("%v, %v", c, err)
	}
	if _, err := parse(t, "sinks: [{kind: nothing}]", config.SecretVariable, "hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a malformed secret in the environment: %v", err)
	}
}

func TestDefault(t *testing.T) {
	for name, c := range map[string]*config.Config{"Default": config.Default(), "no file": load(t, "")} {
		if len(c.Sinks) != 1 || c.Sinks[0].Kind != "sqlite" || len(c.Routes) != 1 || c.Routes[0].Events != "all" || c.Routes[0].Sink != c.Sinks[0].Name {
			t.Errorf("%s: %+v", name, c)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func load(t *testing.T, path string) *config.Config {
	t.Helper()
	c, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func FuzzParse(f *testing.F) {
	f.Add("sinks: [{fake: {dsn: x}}]")
	f.Add("routes: [{sink: a, batch: {wait: ${X:-1s}}}]")
	f.Add("a: &a [*a]\nb: *a")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := config.Parse("", []byte(text), noEnv)
		if (c == nil) == (err == nil) {
			t.Errorf("%q: %v, %v", text, c, err)
		}
	})
}

// A value in the wrong place may be a secret.
func TestProblemsQuoteNoValueInTheWrongPlace(t *testing.T) {
	for _, text := range []string{
		"edge: {secrets: whsec_HUNTER2}",
		"edge: whsec_HUNTER2",
		"sinks: [{fake: postgres://u:HUNTER2@db/x}]",
		"sinks: [\"postgres://u:HUNTER2@db/x\"]",
		"sinks: [{fake: {dsn: x, labels: HUNTER2}}]",
	} {
		_, err := parse(t, text)
		if err == nil || strings.Contains(err.Error(), "HUNTER2") || !strings.Contains(err.Error(), "not text") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := parse(t, "edge: {secrets: 7}"); err == nil || !strings.Contains(err.Error(), "must be a list, not a number") {
		t.Errorf("a number: %v", err)
	}
}
