package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"

	"weir/sinks"
)

// topic is what the cluster says of one.
type topic struct {
	name       string
	err        error // it does not exist, or may not be seen
	replicas   int
	leaderless []int32
	operations []kadm.ACLOperation // empty: the cluster does not say
	configs    map[string]string   // nil: they may not be read
}

func (t topic) compacted() bool { return strings.Contains(t.configs["cleanup.policy"], "compact") }

type topics map[string]topic

// number returns a number of the topic's configuration, or otherwise.
func (t topic) number(name string, otherwise int) int {
	if n, err := strconv.Atoi(t.configs[name]); err == nil {
		return n
	}
	return otherwise
}

// batchBytes bounds batches by what the topic takes, as a broker that refuses
// one refuses all the records within.
func (ts topics) batchBytes(name string) int32 {
	return int32(min(max(512, ts[name].number("max.message.bytes", defaultBatch)), maxBatch))
}

// look connects and asks for the topics. With create it creates those that are
// missing; without, or if that fails, a missing topic is an error.
func (s *Sink) look(ctx context.Context, create bool) (topics, error) {
	var known topics
	return known, s.with(ctx, func(ctx context.Context, admin *kadm.Client) (err error) {
		if known, err = s.ask(ctx, admin); err != nil {
			return err
		}
		missing := known.missing()
		if len(missing) > 0 && create {
			if err := s.create(ctx, admin, missing); err != nil {
				return err
			}
			if known, err = s.await(ctx, admin); err != nil {
				return err
			}
		}
		var errs []error
		for _, name := range s.writer.router.all() {
			if err := known[name].err; err != nil {
				errs = append(errs, explain(name, err))
			}
		}
		return errors.Join(errs...)
	})
}

// Migrate creates the topics that are missing.
func (s *Sink) Migrate(ctx context.Context) error {
	_, err := s.look(ctx, true)
	return err
}

// Check connects, logs in, and asks whether the topics are there, whether this
// user may write to them, and how safe they are; what weakens the sink's promise
// without breaking it is logged. It changes nothing.
func (s *Sink) Check(ctx context.Context) error {
	return s.with(ctx, func(ctx context.Context, admin *kadm.Client) error {
		known, err := s.ask(kadm.WithAuthorizedOps(ctx), admin)
		if err != nil {
			return err
		}
		var errs []error
		if missing := known.missing(); len(missing) > 0 && s.config.Create {
			// The cluster validates without creating.
			made, err := admin.ValidateCreateTopics(ctx, s.partitions(), s.replication(), nil, missing...)
			errs = append(errs, err)
			for _, r := range made.Sorted() {
				errs = append(errs, creation(r))
			}
			for _, name := range missing {
				delete(known, name)
			}
		}
		for _, name := range s.writer.router.all() {
			if t, ok := known[name]; ok {
				errs = append(errs, s.assess(t))
			}
		}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return s.checkProducer(ctx)
	})
}

// assess judges a topic.
func (s *Sink) assess(t topic) error {
	if t.err != nil {
		return explain(t.name, t.err)
	}
	var errs []error
	report := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("topic %s: "+format, append([]any{t.name}, args...)...))
	}
	if len(t.operations) > 0 && !slices.Contains(t.operations, kadm.OpWrite) && !slices.Contains(t.operations, kadm.OpAll) {
		report("the user lacks a permission: grant it WRITE on the topic")
	}
	if len(t.leaderless) > 0 {
		report("partitions %v have no leader: bring the brokers that hold them back", t.leaderless)
	}
	if t.compacted() && s.config.Key == "" {
		report("it is compacted and takes no records without a key: set key")
	}
	s.warn(t)
	return errors.Join(errs...)
}

// warn logs what weakens the sink's promise without breaking it.
func (s *Sink) warn(t topic) {
	warn := func(what, fix string) { s.log.Warn(what, "topic", t.name, "fix", fix) }
	if t.compacted() {
		warn("the topic is compacted: of the events of one key the cluster keeps the last", "set cleanup.policy=delete")
	}
	least := t.number("min.insync.replicas", 0)
	switch {
	case t.configs == nil:
		warn("min.insync.replicas is not known, and batches are bounded by a million bytes", "grant the user DESCRIBE_CONFIGS on the topic")
	case least > t.replicas:
		warn("min.insync.replicas is more than there are replicas: brokers before 4.0 take no write", "add replicas")
	case t.replicas == 1:
		warn("the topic has one replica: what is acknowledged is lost with its broker's disk", "three replicas and min.insync.replicas=2")
	case least < 2:
		warn("min.insync.replicas is 1: while its followers are behind, a leader acknowledges alone, and what it acknowledged is lost with it", "set min.insync.replicas=2")
	case least == t.replicas:
		warn("min.insync.replicas is the number of replicas: no write succeeds while one of their brokers is away", "add a replica")
	}
}

// checkProducer asks for a producer id, which leaves no trace.
func (s *Sink) checkProducer(ctx context.Context) error {
	opts, err := s.producerOptions(nil)
	if err != nil {
		return err
	}
	client, err := s.connect(opts)
	if err != nil {
		return err
	}
	defer client.Close()
	if _, _, err := client.ProducerID(ctx); errors.Is(err, kerr.ClusterAuthorizationFailed) {
		return fmt.Errorf("the user may not produce idempotently: brokers before 3.0 ask for IDEMPOTENT_WRITE on the cluster: %w", err)
	} else if err != nil {
		return fmt.Errorf("asking for a producer id: %w", err)
	}
	return nil
}

// with calls f on a connection of its own, within the sink's time-out.
func (s *Sink) with(ctx context.Context, f func(context.Context, *kadm.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	opts, err := s.options()
	if err != nil {
		return err
	}
	client, err := s.connect(opts)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.Ping(ctx); err != nil {
		return connecting(err)
	}
	return f(ctx, kadm.NewClient(client.Client))
}

// ask returns what the cluster says of the sink's topics. The error is one of
// the connection; each topic has its own.
func (s *Sink) ask(ctx context.Context, admin *kadm.Client) (topics, error) {
	known := topics{}
	for _, name := range s.writer.router.all() {
		t := topic{name: name}
		meta, err := admin.Metadata(ctx, name)
		var denied *kadm.AuthError
		switch {
		case errors.As(err, &denied):
			t.err = denied.Err
		case err != nil:
			return nil, fmt.Errorf("asking for topic %s: %w", name, err)
		default:
			t.read(meta.Topics[name])
		}
		if t.err == nil {
			if t.configs, err = configs(ctx, admin, name); err != nil {
				return nil, fmt.Errorf("asking for the configuration of topic %s: %w", name, err)
			}
		}
		known[name] = t
	}
	return known, nil
}

func (t *topic) read(d kadm.TopicDetail) {
	t.err, t.operations = d.Err, d.AuthorizedOperations
	t.replicas = d.Partitions.NumReplicas()
	for _, p := range d.Partitions.Sorted() {
		if p.Leader < 0 {
			t.leaderless = append(t.leaderless, p.Partition)
		}
	}
	if d.Err == nil && len(d.Partitions) == 0 {
		t.err = kerr.UnknownTopicOrPartition
	}
}

// configs reads a topic's configuration. It is nil where that is not allowed.
func configs(ctx context.Context, admin *kadm.Client, name string) (map[string]string, error) {
	list, err := admin.DescribeTopicConfigs(ctx, name)
	var denied *kadm.AuthError
	if errors.As(err, &denied) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := list.On(name, nil)
	if err != nil || c.Err != nil {
		return nil, errors.Join(err, c.Err)
	}
	values := make(map[string]string, len(c.Configs))
	for _, v := range c.Configs {
		values[v.Key] = v.MaybeValue()
	}
	return values, nil
}

func (ts topics) missing() (names []string) {
	for name, t := range ts {
		if errors.Is(t.err, kerr.UnknownTopicOrPartition) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// create creates topics. Another host may be first.
func (s *Sink) create(ctx context.Context, admin *kadm.Client, names []string) error {
	made, err := admin.CreateTopics(ctx, s.partitions(), s.replication(), nil, names...)
	if err != nil {
		return fmt.Errorf("creating topics: %w", err)
	}
	var errs []error
	for _, r := range made.Sorted() {
		errs = append(errs, creation(r))
	}
	return errors.Join(errs...)
}

// creation is what is wrong with a topic's creation.
func creation(r kadm.CreateTopicResponse) error {
	switch {
	case r.Err == nil, errors.Is(r.Err, kerr.TopicAlreadyExists):
		return nil
	case errors.Is(r.Err, kerr.TopicAuthorizationFailed), errors.Is(r.Err, kerr.ClusterAuthorizationFailed):
		return fmt.Errorf("creating topic %s: the user lacks a permission: grant it CREATE on the topic, or create it and set create: false: %w", r.Topic, r.Err)
	case errors.Is(r.Err, kerr.ThrottlingQuotaExceeded):
		return sinks.Throttled(fmt.Errorf("creating topic %s: %w", r.Topic, r.Err), 0)
	}
	return fmt.Errorf("creating topic %s: %w %s", r.Topic, r.Err, r.ErrMessage)
}

// await asks until created topics are known to the brokers and have leaders,
// which takes them a moment.
func (s *Sink) await(ctx context.Context, admin *kadm.Client) (topics, error) {
	for {
		// Authorized operations, too, as their answer never comes from the client's cache.
		known, err := s.ask(kadm.WithAuthorizedOps(ctx), admin)
		if err != nil {
			return nil, err
		}
		ready := len(known.missing()) == 0
		for _, t := range known {
			ready = ready && len(t.leaderless) == 0
		}
		if ready {
			return known, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for created topics: %w", ctx.Err())
		case <-time.After(wait / 5):
		}
	}
}

// partitions and replication of a created topic; -1 asks for the cluster's default.
func (s *Sink) partitions() int32  { return int32(cmp.Or(s.config.Partitions, -1)) }
func (s *Sink) replication() int16 { return int16(cmp.Or(s.config.Replication, -1)) }
