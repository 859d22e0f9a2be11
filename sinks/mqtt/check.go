package mqtt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"weir/sinks"
)

// Check connects beside the sink, to the first broker that takes it, and asks
// whether it may publish: it offers an empty message with QoS 2, which a broker
// judges at once and publishes when it is released, and hangs up without
// releasing it.
func (s *Sink) Check(ctx context.Context) error {
	var errs []error
	for _, at := range s.servers {
		err := s.checkAt(ctx, at)
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("checking %s: %w", at.address, err))
	}
	return errors.Join(errs...)
}

func (s *Sink) checkAt(ctx context.Context, at server) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := s.dial(ctx, at)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })()

	id := s.config.ClientID
	if id != "" {
		id += "-check" // the sink's own would hang up on the sink
	}
	hello := s.hello(id).Packet()
	hello.ProtocolName, hello.ProtocolVersion = "MQTT", 5
	answer, err := exchange[*packets.Connack](conn, hello)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	if answer.ReasonCode >= 0x80 {
		return refused(answer.ReasonCode)
	}
	offer := paho.ConnackFromPacketConnack(answer)
	if err := new(connection).accept(&s.config, offer); err != nil {
		return err
	}
	if q := offer.Properties; q == nil || q.MaximumQoS == nil || *q.MaximumQoS == 2 {
		if err := s.checkPublish(conn); err != nil {
			return err
		}
	}
	// What comes of a farewell is nobody's concern.
	_, _ = (&packets.Disconnect{Properties: &packets.Properties{}}).WriteTo(conn)
	return nil
}

func (s *Sink) checkPublish(conn *stream) error {
	stand := sinks.Event{App: "weir-check", Name: "weir-check", Schema: "iglu:weir-check/", Verdict: "good"}
	message := &packets.Publish{PacketID: 1, QoS: 2, Topic: s.topicOf(&stand), Properties: &packets.Properties{MessageExpiry: paho.Uint32(1)}}
	answer, err := exchange[*packets.Pubrec](conn, message)
	if err != nil {
		return fmt.Errorf("asking to publish: %w", err)
	}
	if answer.ReasonCode >= 0x80 {
		return fmt.Errorf("publishing to %s: %w", message.Topic, reason(answer.ReasonCode))
	}
	return nil
}

// exchange sends a packet and returns its answer.
func exchange[A packets.Packet](conn *stream, p packets.Packet) (answer A, err error) {
	if _, err := p.WriteTo(conn); err != nil {
		return answer, err
	}
	packet, err := packets.ReadPacket(conn)
	if err != nil {
		return answer, err
	}
	switch content := packet.Content.(type) {
	case A:
		return content, nil
	case *packets.Disconnect:
		return answer, disconnected(content.ReasonCode)
	}
	return answer, fmt.Errorf("the broker answered with %s", packet.PacketType())
}
