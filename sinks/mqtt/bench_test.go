//go:build unix

package mqtt

import (
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"weir/sinks/sinktest"
)

func BenchmarkSink(b *testing.B) { sinktest.Benchmark(b, harness(start(b), 1)) }

// BenchmarkClient is what to compare the sink with: the client's own Publish,
// from as many goroutines as the broker takes messages at a time, which loses
// their order.
func BenchmarkClient(b *testing.B) {
	const size, window = 500, 100
	server := start(b)
	r := subscribe(b, server)
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.url(), "mqtt://"))
	if err != nil {
		b.Fatal(err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn)})
	if _, err := client.Connect(b.Context(), &paho.Connect{CleanStart: true, KeepAlive: 30, Username: writer, UsernameFlag: true, Password: []byte(password), PasswordFlag: true}); err != nil {
		b.Fatal(err)
	}
	defer client.Disconnect(&paho.Disconnect{})
	events := sinktest.Events(1, size)
	n := 0
	for b.Loop() {
		var senders sync.WaitGroup
		next := make(chan []byte, size)
		for _, e := range events {
			next <- e.Envelope
		}
		close(next)
		for range window {
			senders.Go(func() {
				for payload := range next {
					if _, err := client.Publish(b.Context(), &paho.Publish{Topic: r.prefix + "/good/shop", QoS: 1, Payload: payload}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		senders.Wait()
		n++
	}
	b.ReportMetric(float64(n*size)/b.Elapsed().Seconds(), "events/s")
}
