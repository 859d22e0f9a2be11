package mqtt

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"weir/sinks"
)

const (
	dialTimeout = 10 * time.Second // to a broker, its handshakes included
	keepAlive   = 30               // seconds after which a silent broker is asked whether it is there, and given up
	maxAnswer   = 64 << 10         // largest packet that the broker may send
)

// connection is a client and what the broker has said about itself.
type connection struct {
	client  *paho.Client
	conn    *stream
	session *publishing
	address string
	window  int // most messages in flight
	largest int // of a packet, in bytes; 0: no bound

	buffer   bytes.Buffer // packets to send
	inFlight int

	lost chan struct{} // closed when the connection is gone; cause is set
	once sync.Once
	err  error
}

// connect tries the brokers in turn.
func (s *Sink) connect(ctx context.Context) (*connection, error) {
	var errs []error
	for _, at := range s.servers {
		c, err := s.connectTo(ctx, at)
		if err == nil {
			return c, nil
		}
		errs = append(errs, fmt.Errorf("connecting to %s: %w", at.address, err))
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func (s *Sink) connectTo(ctx context.Context, at server) (*connection, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := s.dial(ctx, at)
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn, session: newPublishing(s.config.InFlight), address: at.address, lost: make(chan struct{})}
	c.client = paho.NewClient(paho.ClientConfig{
		Conn:          conn,
		Session:       c.session,
		PacketTimeout: dialTimeout,
		OnClientError: c.gone,
		OnServerDisconnect: func(d *paho.Disconnect) {
			c.gone(disconnected(d.ReasonCode))
		},
	})
	answer, err := c.client.Connect(ctx, s.hello(s.config.ClientID))
	if err != nil {
		conn.Close()
		if answer != nil {
			return nil, refused(answer.ReasonCode)
		}
		return nil, err
	}
	if err := c.accept(&s.config, answer); err != nil {
		c.hangUp()
		return nil, err
	}
	return c, nil
}

func (s *Sink) dial(ctx context.Context, at server) (*stream, error) {
	var dialer interface {
		DialContext(ctx context.Context, network, address string) (net.Conn, error)
	} = &net.Dialer{}
	if at.secure {
		t, err := s.config.tls(at.name)
		if err != nil {
			return nil, err
		}
		dialer = &tls.Dialer{Config: t}
	}
	conn, err := dialer.DialContext(ctx, "tcp", at.address)
	if err != nil {
		return nil, err
	}
	return newStream(conn), nil
}

// hello is the CONNECT packet. The session ends with the connection.
func (s *Sink) hello(clientID string) *paho.Connect {
	largest := uint32(maxAnswer)
	return &paho.Connect{
		ClientID: clientID, CleanStart: true, KeepAlive: keepAlive,
		Username: s.config.User, UsernameFlag: s.config.User != "",
		Password: []byte(s.config.Password.Reveal()), PasswordFlag: s.config.Password != "",
		Properties: &paho.ConnectProperties{MaximumPacketSize: &largest, RequestProblemInfo: true},
	}
}

// accept holds what the broker offers against what is configured.
func (c *connection) accept(config *Config, answer *paho.Connack) error {
	c.window = config.InFlight
	p := answer.Properties
	if p == nil {
		return nil
	}
	if p.MaximumQoS != nil && int(*p.MaximumQoS) < config.QoS {
		return fmt.Errorf("the broker allows qos %d at most: qos: %d cannot be promised", *p.MaximumQoS, config.QoS)
	}
	if config.Retain && !p.RetainAvailable {
		return errors.New("the broker retains no messages: set retain: false")
	}
	if p.ReceiveMaximum != nil && *p.ReceiveMaximum > 0 {
		c.window = min(c.window, int(*p.ReceiveMaximum))
	}
	if p.MaximumPacketSize != nil {
		c.largest = int(*p.MaximumPacketSize)
	}
	return nil
}

// gone notes why the connection was lost. The first to say so knows best.
func (c *connection) gone(err error) {
	c.once.Do(func() {
		c.err = err
		close(c.lost)
	})
}

// alive reports whether the connection is not known to be lost.
func (c *connection) alive() bool {
	select {
	case <-c.lost:
		return false
	default:
		return true
	}
}

// send puts a message in flight; it leaves the buffer when that is full.
func (c *connection) send(ctx context.Context, p *packets.Publish, index int) error {
	p.PacketID = c.session.begin(index, p.QoS)
	c.inFlight++
	if _, err := p.WriteTo(&c.buffer); err != nil {
		return err
	}
	if c.buffer.Len() < chunk {
		return nil
	}
	if err := c.flush(); err != nil {
		return c.why(ctx, err)
	}
	return nil
}

// flush sends what is buffered.
func (c *connection) flush() error {
	if c.buffer.Len() == 0 {
		return nil
	}
	c.conn.Lock()
	_, err := c.conn.Write(c.buffer.Bytes())
	c.conn.Unlock()
	c.buffer.Reset()
	return err
}

// await returns the next acknowledgement.
func (c *connection) await(ctx context.Context) (ack, error) {
	select {
	case a := <-c.session.acks:
		c.inFlight--
		return a, nil
	default:
	}
	if err := c.flush(); err != nil {
		return ack{}, c.why(ctx, err)
	}
	select {
	case a := <-c.session.acks:
		c.inFlight--
		return a, nil
	case <-c.lost:
		return ack{}, c.err
	case <-ctx.Done():
		return ack{}, ctx.Err()
	}
}

// why prefers what the broker said when it hung up to the error that writing
// to it gave. The reader is about to meet it.
func (c *connection) why(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case <-c.lost:
		return c.err
	case <-ctx.Done():
	case <-patience.C:
	}
	return err
}

// hangUp says farewell and closes the connection. That the farewell did not
// get through is no error.
func (c *connection) hangUp() {
	_ = c.conn.SetWriteDeadline(time.Now().Add(time.Second))
	_ = c.client.Disconnect(&paho.Disconnect{ReasonCode: packets.DisconnectNormalDisconnection})
}

// drop closes the connection without a word, as its state is not known.
func (c *connection) drop() {
	c.conn.Close()
	<-c.client.Done()
}

// size is that of a packet on the wire (MQTT 5 section 2.1.4).
func size(p *packets.Publish) int {
	n := 0
	for _, b := range p.Buffers() {
		n += len(b)
	}
	length := 1
	for left := n; left >= 128; left /= 128 {
		length++
	}
	return 1 + length + n
}

// lostError is what Write returns when the connection is gone.
func (c *connection) lostError(err error) error {
	lost := fmt.Errorf("%w: publishing to %s: %w", sinks.ErrNotConnected, c.address, err)
	var r reason
	if !errors.As(err, &r) {
		return lost
	}
	return r.classify(lost)
}
