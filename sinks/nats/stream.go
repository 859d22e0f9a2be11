package nats

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/sinks"
)

// create creates the stream unless there is one. Several hosts may do so at
// the same moment: they ask for the same.
func (s *Sink) create(ctx context.Context, l *link) error {
	c := &s.config
	_, err := l.js.Stream(ctx, c.Stream)
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	maxBytes := int64(c.MaxBytes)
	if maxBytes == 0 {
		maxBytes = -1
	}
	_, err = l.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: c.Stream, Description: "events of weir", Subjects: []string{pattern(s.subject)},
		Storage: jetstream.FileStorage, Replicas: c.Replicas, Duplicates: c.Window,
		MaxBytes: maxBytes, MaxAge: c.Keep, Discard: jetstream.DiscardOld,
	})
	if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
		return nil // another host has been quicker, with other settings
	}
	return err
}

// Check looks at the stream and publishes what no stream takes: an event that
// asks to follow one that is not the last. The answer to that tells which
// stream listens, and that this user may publish and hear of it.
func (s *Sink) Check(ctx context.Context) error {
	l, err := s.connect(ctx)
	if err != nil {
		return fmt.Errorf("checking stream %s: %w", s.config.Stream, err)
	}
	defer l.hangUp()
	exists, err := s.inspect(ctx, l)
	if err == nil && exists {
		err = s.probe(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("checking stream %s: %w", s.config.Stream, err)
	}
	return nil
}

// inspect compares the stream's settings with what the sink rests upon.
func (s *Sink) inspect(ctx context.Context, l *link) (exists bool, err error) {
	c := &s.config
	info, err := s.info(ctx, l)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound) && c.Create:
		return false, nil
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return false, fmt.Errorf("it does not exist: nats stream add %s --subjects=%q --dupe-window=20m, or set create to true", c.Stream, pattern(s.subject))
	case errors.Is(err, nats.ErrPermissionViolation) && !isDeaf(err):
		// The sink can do without.
		s.log.Warn("nats: this user may not look at the stream's settings: allow publishing to $JS.API.STREAM.INFO."+c.Stream+" to have them checked", "stream", c.Stream)
		return true, nil
	case err != nil:
		return false, explain(err)
	}
	set := info.Config
	var errs []error
	listens := false
	for _, filter := range set.Subjects {
		listens = listens || covers(filter, pattern(s.subject))
	}
	if !listens {
		errs = append(errs, fmt.Errorf("it listens to %s: add %s to its subjects, or change subject", strings.Join(set.Subjects, ", "), pattern(s.subject)))
	}
	if set.Mirror != nil {
		errs = append(errs, errors.New("it is a mirror, which takes nothing: name the stream that it mirrors"))
	}
	if set.Sealed {
		errs = append(errs, errors.New("it is sealed"))
	}
	if state := info.State; set.Discard == jetstream.DiscardNew &&
		(set.MaxMsgs > 0 && state.Msgs >= uint64(set.MaxMsgs) || set.MaxBytes > 0 && state.Bytes >= uint64(set.MaxBytes)) {
		errs = append(errs, errors.New("it is full and discards what is new: raise max_msgs or max_bytes, or let it discard old"))
	}
	if set.NoAck {
		errs = append(errs, errors.New("it acknowledges nothing (no_ack): turn that off"))
	}
	s.warn(&set)
	return true, errors.Join(errs...)
}

// info asks for the stream's settings, which not every user may see.
func (s *Sink) info(ctx context.Context, l *link) (info *jetstream.StreamInfo, err error) {
	err = l.ask(ctx, s.config.Timeout, func(ctx context.Context) error {
		stream, err := l.js.Stream(ctx, s.config.Stream)
		if err == nil {
			info = stream.CachedInfo()
		}
		return err
	})
	return info, err
}

// warn has the log say what of the stream's settings weakens the sink's promise.
func (s *Sink) warn(set *jetstream.StreamConfig) {
	for _, warning := range warnings(set) {
		s.log.Warn("nats: "+warning, "stream", set.Name, "replicas", set.Replicas, "storage", set.Storage.String(), "duplicate_window", set.Duplicates)
	}
}

// minWindow is about as long as delivery tries the same batch again.
const minWindow = 10 * time.Minute

func warnings(set *jetstream.StreamConfig) (list []string) {
	if set.Storage == jetstream.MemoryStorage {
		list = append(list, "the stream is kept in memory: a restart of its servers loses every event")
	}
	if set.Replicas == 1 {
		list = append(list, "the stream has one replica: a crash of its server loses what was acknowledged since its last sync (sync_interval, 2m by default), a lost disk all of it")
	}
	if set.Duplicates < minWindow {
		list = append(list, fmt.Sprintf("the stream remembers events for %v: what delivery tries again later is stored twice; set duplicate_window to 20m or more", set.Duplicates))
	}
	return list
}

// probe publishes what is refused.
func (s *Sink) probe(ctx context.Context, l *link) error {
	m := &nats.Msg{Subject: string(s.appendSubject(nil, &sinks.Event{App: "weir-check", Verdict: "good", Schema: "iglu:weir/check/jsonschema/1-0-0"})), Header: nats.Header{
		jetstream.ExpectedStreamHeader:  {s.config.Stream},
		jetstream.ExpectedLastSeqHeader: {"18446744073709551615"},
	}}
	err := l.ask(ctx, s.config.Timeout, func(ctx context.Context) error {
		_, err := l.js.PublishMsg(ctx, m, onlyOnce)
		return err
	})
	var api *jetstream.APIError
	switch {
	case errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant):
		return nil
	case err == nil:
		return errors.New("the stream has stored a probe that it should have refused")
	}
	return explain(err)
}
