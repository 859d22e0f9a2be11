//go:build unix

package mqtt

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/tidwall/gjson"

	"weir/sinks/sinktest"
)

// subscriber is a durable subscription to all below a prefix: the broker keeps
// what is published while nobody reads.
type subscriber struct {
	server *mosquitto
	id     string
	prefix string
	got    []*paho.Publish
}

var subscribers atomic.Int64

func subscribe(t testing.TB, s *mosquitto) *subscriber {
	t.Helper()
	n := subscribers.Add(1)
	r := &subscriber{server: s, id: fmt.Sprintf("reader%d", n), prefix: fmt.Sprintf("test/%d", n)}
	client := r.connect(t, false, nil) // Mosquitto 2.0 does not save the sessions of clean starts
	// QoS 1, so that no exchange is left half done when the reader goes.
	if _, err := client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: r.prefix + "/#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	client.Disconnect(&paho.Disconnect{})
	return r
}

func (r *subscriber) connect(t testing.TB, clean bool, received func(*paho.Publish)) *paho.Client {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.server.url(), "mqtt://"))
	if err != nil {
		t.Fatal(err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(p paho.PublishReceived) (bool, error) { received(p.Packet); return true, nil },
	}})
	_, err = client.Connect(t.Context(), &paho.Connect{
		ClientID: r.id, CleanStart: clean, Username: reader, UsernameFlag: true, Password: []byte(password), PasswordFlag: true,
		Properties: &paho.ConnectProperties{SessionExpiryInterval: paho.Uint32(3600)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// messages reads what has been published so far: up to a message of its own.
func (r *subscriber) messages(t testing.TB) []*paho.Publish {
	t.Helper()
	end := fmt.Sprintf("%s/end/%d", r.prefix, len(r.got))
	reached := make(chan struct{})
	client := r.connect(t, false, func(p *paho.Publish) {
		switch {
		case p.Topic == end:
			close(reached)
		case !strings.HasPrefix(p.Topic, r.prefix+"/end/"):
			r.got = append(r.got, p)
		}
	})
	defer client.Disconnect(&paho.Disconnect{})
	if _, err := client.Publish(t.Context(), &paho.Publish{Topic: end, QoS: 1}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-reached:
	case <-ctx.Done():
		t.Fatalf("the subscription's end was not reached after %d messages", len(r.got))
	}
	return r.got
}

func (r *subscriber) stored(t testing.TB) (list []sinktest.Stored) {
	t.Helper()
	for _, m := range r.messages(t) {
		list = append(list, sinktest.Stored{ID: gjson.GetBytes(m.Payload, "event_id").Str, Object: m.Payload})
	}
	return list
}
