package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/eclipse/paho.golang/paho"

	"weir/edge/toolchain/need"
	"weir/host/e2e/fault"
)

func init() { moreStations = append(moreStations, mqttStation) }

// mqttStation is a broker with a subscriber that notes every message.
func mqttStation(t *testing.T) station {
	program, address := need.Tool(t, "mosquitto"), freeAddress(t)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(t.TempDir(), "mosquitto.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, "listener %s %s\nallow_anonymous true\nmax_queued_messages 0\n", port, host), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, "mosquitto", nil, program, "-c", config)
	var conn net.Conn
	eventually(t, "the broker listens", func() error {
		conn, err = net.Dial("tcp", address)
		return firstOf(p.alive(), err)
	})
	noted := new(receiver)
	client := paho.NewClient(paho.ClientConfig{Conn: conn, OnPublishReceived: []func(paho.PublishReceived) (bool, error){
		func(m paho.PublishReceived) (bool, error) {
			noted.mu.Lock()
			defer noted.mu.Unlock()
			noted.text = append(append(noted.text, m.Packet.Payload...), '\n')
			return true, nil
		},
	}})
	if _, err := client.Connect(t.Context(), &paho.Connect{ClientID: "subscriber", CleanStart: true, KeepAlive: 60}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Disconnect(&paho.Disconnect{}) })
	if _, err := client.Subscribe(t.Context(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 1}}}); err != nil {
		t.Fatal(err)
	}
	proxy := fault.Start(t, address)
	return station{name: "mqtt", settings: fmt.Sprintf(`mqtt: {servers: ["mqtt://%s"]}`, proxy.Address()), set: proxy.Set, at: noted}
}
