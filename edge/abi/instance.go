package abi

import (
	"errors"

	"weir/edge/collector"
	"weir/edge/protocol"
)

// firstBuffer is room enough for an ordinary request, so that few instances
// ever grow theirs.
const firstBuffer = 64 << 10

var (
	errNotReady = errors.New("abi: weir_init has not succeeded")
	errBuffer   = errors.New("abi: more bytes are claimed than weir_buffer made room for")
)

// Instance is the module's side of the interface: one collector with the two
// buffers that it reads from and writes to. It is not safe for concurrent use.
type Instance struct {
	// Adapters are the wire formats that the module understands, asked in order.
	Adapters []protocol.Adapter

	collector *collector.Collector
	buffer    []byte
	offered   []byte // holds the bundle of the last UseBundle
	input     collector.Input
	outcome   []byte
}

// Buffer returns room for n bytes. It is valid until the next call.
func (i *Instance) Buffer(n int) []byte {
	if n > len(i.buffer) {
		// Doubling keeps what outgrown buffers leave behind below what the last one takes.
		size := firstBuffer
		for size < n {
			size *= 2
		}
		i.buffer = make([]byte, size)
	}
	return i.buffer
}

// Init makes a collector of the settings and the bundle, which lie one after
// the other in the buffer and keep it: the next Buffer is another one.
func (i *Instance) Init(settings, bundle int) error {
	b := i.buffer
	if settings < 0 || settings > len(b) || bundle < 0 || bundle > len(b)-settings {
		return errBuffer
	}
	i.buffer = nil
	c, err := collector.New(b[:settings:settings], b[settings:settings+bundle:settings+bundle], i.Adapters...)
	if err != nil {
		return err
	}
	i.collector = c
	return nil
}

// UseBundle puts the bundle, the first n bytes of the buffer, before that of
// Init. It keeps the buffer; the next is the one that held the bundle before, so
// that two are all the room that any number of bundles takes.
func (i *Instance) UseBundle(n int) error {
	if err := i.holds(n); err != nil {
		return err
	}
	if err := i.collector.UseBundle(i.buffer[:n:n]); err != nil {
		return err
	}
	i.buffer, i.offered = i.offered, i.buffer
	return nil
}

// UseSalts replaces the salts by those in the first n bytes of the buffer, which
// it clears.
func (i *Instance) UseSalts(n int) error {
	if err := i.holds(n); err != nil {
		return err
	}
	err := i.collector.UseSalts(i.buffer[:n])
	clear(i.buffer[:n])
	return err
}

// holds reports what keeps n bytes of the buffer from being used.
func (i *Instance) holds(n int) error {
	if i.collector == nil {
		return errNotReady
	}
	if n < 0 || n > len(i.buffer) {
		return errBuffer
	}
	return nil
}

// Collect handles the request whose frame is the first n bytes of the buffer
// and returns the outcome frame, valid until the next call.
func (i *Instance) Collect(n int) ([]byte, error) {
	if err := i.holds(n); err != nil {
		return nil, err
	}
	if err := DecodeInput(&i.input, i.buffer[:n]); err != nil {
		return nil, err
	}
	i.outcome = AppendOutcome(i.outcome[:0], i.collector.Collect(&i.input))
	return i.outcome, nil
}
