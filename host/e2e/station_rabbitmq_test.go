//go:build unix

package e2e

import (
	"fmt"
	"testing"

	amqp "github.com/rabbitmq/amqp091-go"

	"weir/host/e2e/fault"
	"weir/sinks/rabbitmq/rabbittest"
)

func init() { moreStations = append(moreStations, rabbitmqStation) }

// rabbitmqStation is a broker with a queue, and a consumer that notes every message.
func rabbitmqStation(t *testing.T) station {
	const exchange, queue = "test-events", "events"
	server := rabbittest.Start(t)
	channel := server.Channel(t)
	if err := channel.ExchangeDeclare(exchange, amqp.ExchangeTopic, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		t.Fatal(err)
	}
	if err := channel.QueueBind(queue, "#", exchange, false, nil); err != nil {
		t.Fatal(err)
	}
	messages, err := channel.Consume(queue, "", true, false, false, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	noted := new(receiver)
	go func() {
		for m := range messages { // until the server ends
			noted.mu.Lock()
			noted.text = append(append(noted.text, m.Body...), '\n')
			noted.mu.Unlock()
		}
	}()
	proxy := fault.Start(t, server.Address())
	url := fmt.Sprintf("amqp://%s:%s@%s/", rabbittest.Writer, rabbittest.Password, proxy.Address())
	return station{name: "rabbitmq", settings: fmt.Sprintf("rabbitmq: {url: %q, exchange: %q}", url, exchange), set: proxy.Set, at: noted}
}
