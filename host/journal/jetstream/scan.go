package jetstream

import (
	"context"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/host/journal"
)

// Scan implements journal.Journal. The servers find the span's beginning by
// their own time of storing.
func (j *Journal) Scan(ctx context.Context, s journal.Span, l journal.Limit) ([]journal.Record, error) {
	if j.ctx.Err() != nil {
		return nil, journal.ErrClosed
	}
	bounded, cancel := context.WithTimeout(ctx, 6*patience)
	defer cancel()
	defer context.AfterFunc(j.ctx, cancel)()
	list, err := j.scan(bounded, s, l)
	if err != nil {
		return nil, j.failure(ctx, err)
	}
	return list, nil
}

func (j *Journal) scan(ctx context.Context, s journal.Span, l journal.Limit) (list []journal.Record, err error) {
	info, err := state(ctx, j.log)
	if err != nil || info.State.Msgs == 0 || s.After >= int64(info.State.LastSeq) {
		return nil, err
	}
	from := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: uint64(s.After + 1)}
	if s.After == 0 {
		start := s.From.Add(-journal.Skew)
		if start.After(info.State.LastTime) {
			return nil, nil
		}
		from = jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverByStartTimePolicy, OptStartTime: &start}
	}
	consumer, err := j.log.OrderedConsumer(ctx, from)
	if err != nil {
		return nil, err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(128), jetstream.PullExpiry(4*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return nil, err
	}
	defer messages.Stop()
	for bytes := 0; ; {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, err
		}
		meta, err := m.Metadata()
		if err != nil {
			return nil, err
		}
		if meta.Timestamp.After(s.To.Add(journal.Skew)) {
			return list, nil
		}
		if rec, ok := j.scanned(m, int64(meta.Sequence.Stream)); ok && s.Has(rec.Received) {
			if bytes += len(rec.Frame); bytes > l.Bytes && len(list) > 0 {
				return list, nil
			}
			list = append(list, rec)
		}
		if len(list) >= l.Records || meta.Sequence.Stream >= info.State.LastSeq || meta.NumPending == 0 {
			return list, nil
		}
	}
}

// scanned reads a message for all routes; ok is false for others. What is
// damaged was, or will be, reported by the routes.
func (j *Journal) scanned(m jetstream.Msg, seq int64) (rec journal.Record, ok bool) {
	h := m.Headers()
	if h.Get(headerRoute) != "" {
		return rec, false
	}
	rec.Seq = seq
	id, err := journal.ParseID(h.Get(nats.MsgIdHdr))
	if err != nil {
		return rec, true
	}
	ms, err := strconv.ParseInt(h.Get(headerTime), 10, 64)
	if err != nil {
		return rec, true
	}
	rec.ID, rec.Received = id, time.UnixMilli(ms)
	sum, err := strconv.ParseUint(h.Get(headerSum), 16, 32)
	if err != nil || checksum(id, "", rec.Received, m.Data()) != uint32(sum) {
		return rec, true
	}
	if frame, err := j.codec.Decode(id, rec.Received, m.Data(), journal.Checksum(id, rec.Received, m.Data())); err == nil {
		rec.Frame = frame
	}
	return rec, true
}
