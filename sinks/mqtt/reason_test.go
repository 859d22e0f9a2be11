package mqtt

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"weir/sinks"
	"weir/sinks/sinktest"
)

// broker answers as a test wants it to, with what no server can be brought to say.
func broker(t *testing.T, connack byte, published func(net.Conn, *packets.Publish)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for {
					p, err := packets.ReadPacket(conn)
					if err != nil {
						return
					}
					switch p := p.Content.(type) {
					case *packets.Connect:
						(&packets.Connack{ReasonCode: connack, Properties: &packets.Properties{}}).WriteTo(conn)
					case *packets.Publish:
						published(conn, p)
					case *packets.Pingreq:
						packets.NewControlPacket(packets.PINGRESP).WriteTo(conn)
					case *packets.Pubrel:
						(&packets.Pubcomp{PacketID: p.PacketID, Properties: &packets.Properties{}}).WriteTo(conn)
					}
				}
			}()
		}
	}()
	return "mqtt://" + l.Addr().String()
}

// connected is a sink of that broker.
func connected(t *testing.T, url string, qos int) *Sink {
	t.Helper()
	kind, _ := sinks.Lookup("mqtt")
	c := kind.Config().(*Config)
	c.Servers, c.QoS = []string{url}, qos
	s, err := newSink(*c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

type verdict string

const (
	stored    verdict = "stored"
	temporary verdict = "temporary"
	throttled verdict = "throttled"
	permanent verdict = "permanent"
)

func judge(err error) verdict {
	_, wait := sinks.IsThrottled(err)
	switch {
	case err == nil:
		return stored
	case sinks.IsPermanent(err):
		return permanent
	case wait:
		return throttled
	}
	return temporary
}

// TestReasons sends the second of three events into each reason code.
func TestReasons(t *testing.T) {
	for code, want := range map[byte]verdict{
		0x00: stored, 0x10: stored, 0x80: temporary, 0x83: temporary, 0x87: temporary, 0x90: temporary, 0x91: temporary,
		0x97: throttled, 0x99: permanent, 0x95: permanent,
	} {
		for _, qos := range []int{1, 2} {
			n := 0
			s := connected(t, broker(t, 0, func(conn net.Conn, p *packets.Publish) {
				var answer byte
				if n++; n == 2 {
					answer = code
				}
				if qos == 1 {
					(&packets.Puback{PacketID: p.PacketID, ReasonCode: answer, Properties: &packets.Properties{}}).WriteTo(conn)
				} else {
					(&packets.Pubrec{PacketID: p.PacketID, ReasonCode: answer, Properties: &packets.Properties{}}).WriteTo(conn)
				}
			}), qos)
			err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 3)})
			var partial *sinks.BatchError
			if errors.As(err, &partial) {
				if len(partial.Failed) != 1 || partial.Failed[0].Index != 1 || partial.Failed[0].Permanent != (want == permanent) {
					t.Errorf("0x%02X: %+v", code, partial.Failed)
				}
				err = partial.Failed[0].Err
			} else if err != nil {
				t.Errorf("0x%02X fails the batch: %v", code, err)
			}
			if got := judge(err); got != want {
				t.Errorf("0x%02X is %s, want %s: %v", code, got, want, err)
			}
		}
	}
}

// TestDisconnects: what the broker says when it hangs up is passed on.
func TestDisconnects(t *testing.T) {
	for code, want := range map[byte]verdict{
		0x00: temporary, 0x8B: temporary, 0x8E: temporary, 0x87: temporary,
		0x89: throttled, 0x96: throttled, 0x97: throttled, 0x95: permanent, 0x99: permanent,
	} {
		for _, after := range []int{0, 2} {
			n := 0
			s := connected(t, broker(t, 0, func(conn net.Conn, p *packets.Publish) {
				if n++; n <= after {
					(&packets.Puback{PacketID: p.PacketID, Properties: &packets.Properties{}}).WriteTo(conn)
					return
				}
				(&packets.Disconnect{ReasonCode: code, Properties: &packets.Properties{}}).WriteTo(conn)
			}), 1)
			err := s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 5)})
			var partial *sinks.BatchError
			if after > 0 {
				if !errors.As(err, &partial) || len(partial.Failed) != 5-after || partial.Failed[0].Index != after || partial.Failed[0].Permanent {
					t.Errorf("0x%02X after %d acknowledgements gives %v", code, after, err)
				}
				err = s.Write(t.Context(), sinks.Batch{Events: sinktest.Events(1, 5)})
				if !errors.Is(err, sinks.ErrNotConnected) {
					t.Errorf("the next Write gives %v", err)
				}
				continue
			}
			if got := judge(err); got != want || !errors.Is(err, sinks.ErrNotConnected) {
				t.Errorf("0x%02X is %s, want %s: %v", code, got, want, err)
			}
			if code == 0x8E && !strings.Contains(err.Error(), "same client_id") {
				t.Errorf("the error does not name the fix: %v", err)
			}
		}
	}
}

// TestSilence: a broker that never acknowledges costs a Write its time, and no more.
func TestSilence(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := connected(t, broker(t, 0, func(net.Conn, *packets.Publish) { cancel() }), 1)
	if err := s.Write(ctx, sinks.Batch{Events: sinktest.Events(1, 3)}); !errors.Is(err, context.Canceled) || !errors.Is(err, sinks.ErrNotConnected) {
		t.Errorf("Write gives %v", err)
	}
}

// TestDeafness: a broker that does not even read cannot hold a Write beyond its context.
func TestDeafness(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	held := make(chan struct{})
	defer close(held)
	s := connected(t, broker(t, 0, func(net.Conn, *packets.Publish) { cancel(); <-held }), 1)
	events := sinktest.Events(1, 40)
	for i := range events {
		events[i] = sinktest.With(events[i], "page_title", strings.Repeat("x", 1<<20)) // more than sockets buffer
	}
	written := make(chan error, 1)
	go func() { written <- s.Write(ctx, sinks.Batch{Events: events}) }()
	select {
	case err := <-written:
		if !errors.Is(err, context.Canceled) || !errors.Is(err, sinks.ErrNotConnected) {
			t.Errorf("Write gives %v", err)
		}
	case <-time.After(keepAlive * time.Second): // before an unanswered ping ends it
		t.Error("Write does not end with its context")
		<-written
	}
}
