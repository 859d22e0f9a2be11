// Command trapping is the edge module with a fault: an adapter that traps when
// a request's body tells it to. It shows what runtimes do about that.
package main

import (
	"weir/edge/abi"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

func init() { abi.Export(&adapter{}) }

func main() {}

type adapter struct {
	calls int
	leak  [][]byte
}

func (a *adapter) Name() string                   { return "trapping" }
func (a *adapter) Match(r *protocol.Request) bool { return r.Path == "/trapping/v1" }
func (a *adapter) Decode(dst []envelope.Event, r *protocol.Request) ([]envelope.Event, error) {
	a.calls++
	switch string(r.Body) {
	case "trap":
		panic("told to")
	case "trap unless fresh":
		if a.calls > 1 {
			panic("told to")
		}
	case "grow":
		a.leak = append(a.leak, make([]byte, 40<<20))
	case "grow beyond":
		a.leak = append(a.leak, make([]byte, 1<<30))
	}
	return dst, nil
}
