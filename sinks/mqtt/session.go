package mqtt

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho/log"
	"github.com/eclipse/paho.golang/paho/session"
)

// publishing is the session of a client that publishes only, and that ends
// with its connection: what is not acknowledged by then is delivery's to send
// again, so that nothing is kept of a message but where it belongs. Messages of a
// batch can be sent in one go and in their order, which the client's own
// Publish, waiting for each, cannot do.
type publishing struct {
	acks chan ack // holds as many as may be in flight

	mu      sync.Mutex
	conn    io.Writer         // nil while there is none
	pending map[uint16]sentAs // by packet identifier
	last    uint16
}

var _ session.SessionManager = (*publishing)(nil)

type sentAs struct {
	index int // of the event in its batch
	qos   byte
}

// ack is the broker's last word on a message.
type ack struct {
	index int
	code  byte
}

func newPublishing(most int) *publishing {
	return &publishing{acks: make(chan ack, most), pending: make(map[uint16]sentAs, most)}
}

// begin assigns an identifier to a message. The caller keeps fewer of them
// in flight than there are.
func (p *publishing) begin(index int, qos byte) uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		p.last++
		if _, taken := p.pending[p.last]; !taken && p.last != 0 {
			p.pending[p.last] = sentAs{index, qos}
			return p.last
		}
	}
}

// PacketReceived goes on with the exchange that belongs to a message, and
// reports its end.
func (p *publishing) PacketReceived(packet *packets.ControlPacket, _ chan<- *packets.Publish) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var id uint16
	var code, qos byte
	switch r := packet.Content.(type) {
	case *packets.Puback:
		id, code, qos = r.PacketID, r.ReasonCode, 1
	case *packets.Pubrec:
		if r.ReasonCode < 0x80 {
			return p.release(r.PacketID)
		}
		id, code, qos = r.PacketID, r.ReasonCode, 2
	case *packets.Pubcomp:
		id, code, qos = r.PacketID, r.ReasonCode, 2
	}
	if sent, ok := p.pending[id]; ok && sent.qos == qos {
		delete(p.pending, id)
		p.acks <- ack{sent.index, code}
	}
	return nil
}

func (p *publishing) release(id uint16) error {
	if _, ok := p.pending[id]; !ok || p.conn == nil {
		return nil
	}
	_, err := (&packets.Pubrel{PacketID: id, Properties: &packets.Properties{}}).WriteTo(p.conn)
	return err
}

// ConAckReceived starts the session.
func (p *publishing) ConAckReceived(conn io.Writer, _ *packets.Connect, _ *packets.Connack) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = conn
	return nil
}

// ConnectionLost ends the session.
func (p *publishing) ConnectionLost(*packets.Disconnect) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn = nil
	return nil
}

// AddToSession is how the client's own Publish and Subscribe begin.
func (p *publishing) AddToSession(context.Context, session.Packet, chan<- packets.ControlPacket) error {
	return errors.New("the session is for the sink's own messages")
}

// Ack would acknowledge a message to the broker, which has none for this client.
func (p *publishing) Ack(*packets.Publish) error { return nil }

// Close has nothing to let go of.
func (p *publishing) Close() error { return nil }

// SetErrorLogger and SetDebugLogger are the library's: what goes wrong here is returned.
func (p *publishing) SetErrorLogger(log.Logger) {}
func (p *publishing) SetDebugLogger(log.Logger) {}
