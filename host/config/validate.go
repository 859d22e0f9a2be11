package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"weir/edge/signature"
	"weir/host/journal"
	"weir/host/logstream"
	"weir/host/match"
	"weir/sinks"
)

// AdminOff as the admin address opens no admin listener.
const AdminOff = "off"

// Validate checks a configuration that was built in code. The error is a
// [*Problems] that holds every fault found.
func (c *Config) Validate() error {
	if list := c.validate(); len(list) > 0 {
		return &Problems{List: list}
	}
	return nil
}

// checker collects what validation finds.
type checker struct{ list []Problem }

func (k *checker) problem(path, format string, args ...any) {
	k.list = append(k.list, Problem{Path: path, Reason: fmt.Sprintf(format, args...)})
}

func (k *checker) atLeast(path string, value, least int64) {
	if value < least {
		k.problem(path, "must be at least %d", least)
	}
}

func (c *Config) validate() []Problem {
	k := new(checker)
	if c.DataDir == "" {
		k.problem("data_dir", "required")
	}
	k.listeners(c)
	for i, s := range c.Edge.Secrets {
		if _, err := signature.ParseSecret(s.Reveal()); err != nil {
			k.problem(fmt.Sprintf("edge.secrets[%d]", i), "%s", err)
		}
	}
	k.atLeast("edge.rate", int64(c.Edge.Rate), 0)
	for i, id := range c.Edge.Services {
		if id != logstream.Any && !isServiceID(id) {
			k.problem(fmt.Sprintf("edge.log_services[%d]", i), "%q is neither a Fastly service id, letters and digits, nor \"*\"", id)
		}
	}
	if len(c.Edge.Services) > 0 && c.Journal.Remember < logstream.Window {
		k.problem("journal.remember", "must be at least %s with edge.log_services: a captured log line could be played back", logstream.Window)
	}
	k.journal(c.Journal)
	if c.Journal.MaxBytes < 1<<20 {
		k.problem("journal.max_bytes", "must be at least 1MiB")
	}
	if c.Journal.Remember < 2*signature.Window {
		k.problem("journal.remember", "must be at least %s: a captured batch could be played back", 2*signature.Window)
	}
	k.atLeast("dead_letters.max", int64(c.Dead.Max), 0)
	k.atLeast("failed.max", int64(c.Failed.Max), 0)
	if c.Failed.MaxBytes < 1<<20 {
		k.problem("failed.max_bytes", "must be at least 1MiB")
	}
	k.sinks(c.Sinks)
	k.routes(c)
	return k.list
}

func (k *checker) listeners(c *Config) {
	k.address("public.listen", c.Public.Listen)
	if c.Public.MaxBody < 1<<10 || c.Public.MaxBody > journal.MaxFrame {
		k.problem("public.max_body", "must lie between 1KiB and %s", sinks.Size(journal.MaxFrame))
	}
	k.atLeast("public.connections", int64(c.Public.Connections), 1)
	k.atLeast("public.concurrent", int64(c.Public.Concurrent), 1)
	if (c.Public.TLS.Cert == "") != (c.Public.TLS.Key == "") {
		k.problem("public.tls", "cert and key are needed both, or neither")
	}
	if c.Public.Arriving < 2*c.Public.MaxBody {
		k.problem("public.arriving", "must be at least twice max_body, %s", 2*c.Public.MaxBody)
	}
	if c.Public.AckWait <= 0 {
		k.problem("public.ack_wait", "must be positive")
	}
	if c.Public.Timeout <= 0 {
		k.problem("public.timeout", "must be positive")
	}
	if c.Admin.Metrics != "" {
		k.address("admin.metrics", c.Admin.Metrics)
	}
	if c.Admin.Listen == AdminOff {
		return
	}
	k.address("admin.listen", c.Admin.Listen)
	if host, _, err := net.SplitHostPort(c.Admin.Listen); err == nil && c.Admin.Token == "" && !isLoopback(host) {
		k.problem("admin.token", "required because %s is not a loopback address", c.Admin.Listen)
	}
}

// isServiceID keeps out what would never match, such as a service's name or its hash with a space behind.
func isServiceID(id string) bool {
	return id != "" && strings.Trim(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") == ""
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (k *checker) address(path, address string) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		k.problem(path, "must be an address and a port such as 127.0.0.1:8081, not %q", address)
	}
}

// names are parts of paths, metric labels and table rows.
var nameRule = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

func (k *checker) name(path, name string, taken map[string]string) {
	switch first, again := taken[name]; {
	case name == "":
		return
	case !nameRule.MatchString(name):
		k.problem(path, "%q must be a lower-case letter followed by up to 62 letters, digits, - or _", name)
	case again:
		k.problem(path, "%q is already the name of %s", name, first)
	default:
		taken[name] = strings.TrimSuffix(path, ".name")
	}
}

// streamName is what a stream and the buckets beside it can be called.
var streamName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// journal checks where the journal is.
func (k *checker) journal(j Journal) {
	switch j.Kind {
	case "sqlite":
		if len(j.NATS.Servers) > 0 {
			k.problem("journal.nats", "has servers, and journal.kind is sqlite: set it to nats, or remove them")
		}
		return
	case "nats":
	default:
		k.problem("journal.kind", "must be one of sqlite, nats, not %q", j.Kind)
		return
	}
	if len(j.NATS.Servers) == 0 {
		k.problem("journal.nats.servers", "required")
	}
	if !streamName.MatchString(j.NATS.Stream) {
		k.problem("journal.nats.stream", "must be 1 to 32 letters, digits, - and _")
	}
	if n := j.NATS.Replicas; n != 1 && n != 3 && n != 5 {
		k.problem("journal.nats.replicas", "must be 1, 3 or 5")
	}
	if j.NATS.Window < 2*time.Minute {
		k.problem("journal.nats.window", "must be at least 2m")
	}
	if (j.NATS.Cert == "") != (j.NATS.Key == "") {
		k.problem("journal.nats.cert", "needs journal.nats.key, and the other way round")
	}
}

func (k *checker) sinks(list []Sink) {
	taken := map[string]string{}
	for i, s := range list {
		path := fmt.Sprintf("sinks[%d]", i)
		k.name(path+".name", s.Name, taken)
		if s.Kind == "" {
			k.problem(path, "needs a kind: name one with its settings below it, such as stdout: {}")
			continue
		}
		if s.Config == nil {
			k.problem(path, "has no settings; the kind is not known to this binary")
			continue
		}
		k.settings(join(path, s.Kind), s.Config)
	}
	if len(list) == 0 {
		k.problem("sinks", "at least one is needed")
	}
}

// settings checks a sink's struct: its own rules, required keys, enumerations.
func (k *checker) settings(path string, config any) {
	before := len(k.list)
	k.rules(path, config)
	v := reflect.ValueOf(config)
	if v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.Struct {
		for _, f := range fieldsOf(v.Elem().Type()) {
			value := v.Elem().FieldByIndex(f.index)
			if f.required && value.IsZero() && !k.reported(before, join(path, f.key)) {
				k.problem(join(path, f.key), "required")
			}
			if len(f.enum) > 0 && !slices.Contains(f.enum, fmt.Sprint(value)) {
				k.problem(join(path, f.key), "must be one of %s, not %q", strings.Join(f.enum, ", "), fmt.Sprint(value))
			}
		}
	}
}

// reported tells whether a problem of path was found since a length of the list.
func (k *checker) reported(since int, path string) bool {
	return slices.ContainsFunc(k.list[since:], func(p Problem) bool { return p.Path == path })
}

// rules asks the settings for what goes beyond tags.
func (k *checker) rules(path string, config any) {
	rules, ok := config.(sinks.Validator)
	if !ok {
		return
	}
	for _, err := range flatten(rules.Validate()) {
		// "dsn: required" names a key of the settings; other texts are about them all.
		if key, reason, ok := strings.Cut(err.Error(), ": "); ok && !strings.ContainsAny(key, " \"") {
			k.problem(join(path, key), "%s", reason)
		} else {
			k.problem(path, "%s", err)
		}
	}
}

// flatten returns the errors that errors.Join joined.
func flatten(err error) []error {
	if err == nil {
		return nil
	}
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	return []error{err}
}

func (k *checker) routes(c *Config) {
	taken := map[string]string{}
	names := make([]string, len(c.Sinks))
	for i, s := range c.Sinks {
		names[i] = s.Name
	}
	used := map[string]bool{}
	for i, r := range c.Routes {
		path := fmt.Sprintf("routes[%d]", i)
		k.name(path+".name", r.Name, taken)
		used[r.Sink] = true
		switch {
		case r.Sink == "":
			k.problem(path+".sink", "required")
		case !slices.Contains(names, r.Sink):
			k.problem(path+".sink", "%s", unknown("sink", r.Sink, names))
		}
		if r.Events != "good" && r.Events != "failed" && r.Events != "all" {
			k.problem(path+".events", "must be good, failed or all, not %q", r.Events)
		}
		k.patterns(path+".apps", r.Apps)
		k.patterns(path+".schemas", r.Schemas)
		if !(r.Sample.Rate > 0 && r.Sample.Rate <= 1) {
			k.problem(path+".sample.rate", "must lie above 0 and be at most 1: to deliver nothing, remove the route")
		}
		k.path(path+".sample.by", r.Sample.By)
		k.path(path+".order_by", r.OrderBy)
		if r.InFlight < 0 || r.InFlight > MaxInFlight {
			k.problem(path+".in_flight", "must lie between 0 and %d", MaxInFlight)
		}
		k.atLeast(path+".dedupe.max", int64(r.Dedupe.Max), 1)
		k.atLeast(path+".batch.events", int64(r.Batch.Events), 1)
		k.atLeast(path+".batch.bytes", int64(r.Batch.Bytes), 1)
		k.atLeast(path+".retry.attempts", int64(r.Retry.Attempts), 1)
		if r.Retry.Initial <= 0 || r.Retry.Max < r.Retry.Initial {
			k.problem(path+".retry", "initial must be positive and no more than max")
		}
		if r.Retry.Timeout <= 0 {
			k.problem(path+".retry.timeout", "must be positive")
		}
	}
	for i, name := range names {
		if name != "" && !used[name] {
			k.problem(fmt.Sprintf("sinks[%d]", i), "no route leads to %q: add one or remove the sink", name)
		}
	}
}

// MaxInFlight is the most batches of one route that are written at a time.
const MaxInFlight = 64

func (k *checker) path(path, text string) {
	if text == "" {
		return
	}
	if err := match.CheckPath(text); err != nil {
		k.problem(path, "%s", err)
	}
}

func (k *checker) patterns(path string, list []string) {
	for i, p := range list {
		if p == "" || strings.Contains(strings.TrimSuffix(p, "*"), "*") {
			k.problem(fmt.Sprintf("%s[%d]", path, i), "%q must be a name, or the beginning of one followed by *", p)
		}
	}
}

// Path returns the path of a file or folder in the data directory.
func (c *Config) Path(elem ...string) string {
	return filepath.Join(append([]string{c.DataDir}, elem...)...)
}
