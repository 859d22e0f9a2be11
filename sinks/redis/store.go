package redis

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"time"

	client "github.com/redis/go-redis/v9"
)

//go:embed store.lua
var storeText string

var storeScript = client.NewScript(storeText)

// chunk bounds the events of one run of the script, during which the server
// serves nobody else.
const chunk = 100

// store sends the entries in one pipeline. It returns an error for each entry
// that the server refused, or one error for all of them.
func (v *server) store(ctx context.Context, c *Config, entries []entry) ([]error, error) {
	errs, err := v.pipeline(ctx, c, entries)
	if kind, _ := reply(errors.Join(err, errors.Join(errs...))); kind == "NOSCRIPT" {
		// Restarted, or its scripts flushed: it is told once more, and what a part
		// of the batch has stored is passed over.
		v.loaded = false
		errs, err = v.pipeline(ctx, c, entries)
	}
	return errs, err
}

func (v *server) pipeline(ctx context.Context, c *Config, entries []entry) ([]error, error) {
	p := v.client.Pipeline()
	size := 1 // entries of one command
	if c.UniqueFor > 0 {
		size = chunk
	}
	var adds []*client.Cmd
	for at := 0; at < len(entries); at += size {
		adds = append(adds, v.add(ctx, p, c, entries[at:min(at+size, len(entries))]))
	}
	confirmed := v.confirm(ctx, p, c)
	_, failed := p.Exec(ctx)
	for _, a := range adds {
		kind, _ := reply(a.Err())
		switch {
		case a.Err() != nil && (kind == "" || isTooLarge(a.Err())):
			return nil, a.Err()
		case a.Err() == nil && a.Val() == nil:
			// A command that was never sent, for want of a connection, may have no
			// error of its own: without an answer it is not stored.
			return nil, errors.Join(failed, errors.New("no answer"))
		}
	}
	errs, refused := make([]error, len(entries)), 0
	for i, a := range adds {
		if a.Err() == nil {
			continue
		}
		for at := i * size; at < min((i+1)*size, len(entries)); at++ {
			errs[at], refused = a.Err(), refused+1
		}
	}
	if refused == len(entries) {
		return nil, errs[0]
	}
	return errs, confirmed()
}

// add queues the command that stores entries: the script, in full where the
// server may not know it, or a plain XADD.
func (v *server) add(ctx context.Context, p client.Pipeliner, c *Config, entries []entry) *client.Cmd {
	trim, to := v.trim(c)
	var args []any
	switch {
	case c.UniqueFor == 0 && trim == "":
		args = append(args, "XADD", c.Stream, "*")
	case c.UniqueFor == 0:
		args = append(args, "XADD", c.Stream, trim, "~", to, "*")
	default:
		args = make([]any, 0, 7+8*len(entries))
		if v.loaded {
			args = append(args, "EVALSHA", storeScript.Hash())
		} else {
			args, v.loaded = append(args, "EVAL", storeText), true // for the rest of the pipeline
		}
		args = append(args, len(entries)+1, c.Stream)
		prefix := c.seenPrefix()
		for i := range entries {
			args = append(args, seenKey(prefix, entries[i].event))
		}
		args = append(args, c.UniqueFor.Milliseconds(), trim, to)
		for i := range entries {
			e := entries[i].event
			args = append(args, e.ID, e.Fingerprint, e.App, e.Name, e.Schema, e.Verdict, entries[i].text)
		}
		return p.Do(ctx, args...)
	}
	e := entries[0].event
	return p.Do(ctx, append(args, "event_id", e.ID, "event_fingerprint", e.Fingerprint, "app_id", e.App,
		"event_name", e.Name, "schema", e.Schema, "verdict", e.Verdict, "event", entries[0].text)...)
}

// trim says how the stream is kept short. XADD takes one bound at a time: two take turns.
func (v *server) trim(c *Config) (how, to string) {
	v.turns++
	switch {
	case c.Keep > 0 && (c.MaxLength == 0 || v.turns%2 == 0):
		return "MINID", strconv.FormatInt(time.Now().Add(-c.Keep).UnixMilli(), 10)
	case c.MaxLength > 0:
		return "MAXLEN", strconv.Itoa(c.MaxLength)
	}
	return "", ""
}

// confirm queues what waits for replicas and disks, and returns what to ask
// afterwards. It goes over the same connection as the writes: those are what
// the server then waits for.
func (v *server) confirm(ctx context.Context, p client.Pipeliner, c *Config) func() error {
	timeout := c.Timeout.Milliseconds()
	switch {
	case v.waitAOF:
		w := p.Do(ctx, "WAITAOF", 1, c.Replicas, timeout)
		return func() error {
			n, err := w.Int64Slice()
			switch {
			case err != nil:
				return fmt.Errorf("waiting for the disk: %w", err)
			case len(n) != 2:
				return errors.New("waiting for the disk: WAITAOF answers something else than two numbers")
			case n[0] < 1 || n[1] < int64(c.Replicas):
				return unconfirmed(fmt.Sprintf("within %v on %d of 1 disk of the server and on %d of %d of its replicas", c.Timeout, n[0], n[1], c.Replicas))
			}
			return nil
		}
	case c.Replicas > 0:
		w := p.Do(ctx, "WAIT", c.Replicas, timeout)
		return func() error {
			n, err := w.Int64()
			switch {
			case err != nil:
				return fmt.Errorf("waiting for replicas: %w", err)
			case n < int64(c.Replicas):
				return unconfirmed(fmt.Sprintf("within %v on %d of %d replicas", c.Timeout, n, c.Replicas))
			}
			return nil
		}
	}
	return func() error { return nil }
}

// unconfirmed says where a batch is that is not everywhere it has to be.
type unconfirmed string

func (u unconfirmed) Error() string { return "the batch is confirmed " + string(u) }
