package jetstream

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// ask repeats a question until it is answered, for as long as the cluster may
// take: what arrives while a stream has no leader is never answered, not even
// once it has one.
func ask[T any](ctx context.Context, question func(context.Context) (T, error)) (answer T, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		try, stop := context.WithTimeout(ctx, patience/5)
		answer, err = question(try)
		unanswered := try.Err() != nil
		stop()
		if err == nil || !unanswered || ctx.Err() != nil {
			return answer, err
		}
	}
}

// state asks for what a stream holds.
func state(ctx context.Context, s jetstream.Stream) (*jetstream.StreamInfo, error) {
	return ask(ctx, func(ctx context.Context) (*jetstream.StreamInfo, error) { return s.Info(ctx) })
}

// fetch asks for a message of a stream.
func fetch(ctx context.Context, s jetstream.Stream, seq uint64) (*jetstream.RawStreamMsg, error) {
	return ask(ctx, func(ctx context.Context) (*jetstream.RawStreamMsg, error) { return s.GetMsg(ctx, seq) })
}
