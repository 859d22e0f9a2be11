// Command cloudflare is the edge module: the collector behind the direct-memory
// interface that package abi specifies. Nothing in it belongs to a platform:
// the Worker beside it and edge/wazero run the same bytes.
package main

import (
	"weir/edge/abi"
	"weir/edge/protocol/all"
)

// An edge for fewer wire formats lists them here: TinyGo drops the rest.
func init() { abi.Export(all.Adapters()...) }

func main() {}
