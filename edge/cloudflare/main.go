// Command cloudflare is the edge module: the collector behind the direct-memory
// interface that package abi specifies. Nothing in it belongs to a platform:
// the Worker beside it and edge/wazero run the same bytes.
package main

import (
	"weir/edge/abi"
	"weir/edge/protocol/snowplow"
)

// The adapters are listed by hand: TinyGo drops the ones that are not.
func init() { abi.Export(snowplow.New()) }

func main() {}
