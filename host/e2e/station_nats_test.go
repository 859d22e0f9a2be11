package e2e

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"weir/edge/toolchain/need"
	"weir/host/e2e/fault"
)

func init() { moreStations = append(moreStations, natsStation) }

func natsStation(t *testing.T) station {
	program, address := need.Tool(t, "nats-server"), freeAddress(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	p := launch(t, "nats", nil, program, "--addr", host, "--port", port, "--jetstream", "--store_dir", t.TempDir())
	eventually(t, "the NATS server listens", func() error {
		conn, err := nats.Connect("nats://" + address)
		if err != nil {
			return firstOf(p.alive(), err)
		}
		conn.Close()
		return nil
	})
	// What the servers say of further addresses leads past the proxy; one server has none.
	proxy := fault.Start(t, address)
	return station{name: "nats", settings: fmt.Sprintf(`nats: {servers: ["nats://%s"], stream: events, create: true, replicas: 1, timeout: 1s}`, proxy.Address()),
		set: proxy.Set, at: subjects{"nats://" + address}, unique: true}
}

// subjects are those of a stream called events.
type subjects struct{ server string }

func (s subjects) eventIDs(app string) (map[string]int, error) {
	conn, err := nats.Connect(s.server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := js.Stream(ctx, "events")
	if err != nil {
		return nil, err
	}
	reader, err := stream.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return nil, err
	}
	ids := map[string]int{}
	for left := stream.CachedInfo().State.Msgs; left > 0; {
		batch, err := reader.Fetch(int(min(left, 500)), jetstream.FetchMaxWait(5*time.Second))
		if err != nil {
			return nil, err
		}
		n := uint64(0)
		for m := range batch.Messages() {
			n++
			if err := countLines(ids, app, append(m.Data(), '\n')); err != nil {
				return nil, err
			}
		}
		if n == 0 {
			return nil, fmt.Errorf("%d messages of the stream do not come: %w", left, firstOf(batch.Error(), context.DeadlineExceeded))
		}
		left -= n
	}
	return ids, nil
}
