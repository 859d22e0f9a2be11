// Command fastly is the collector as a Fastly Compute program. Unlike the edge
// module it does its own I/O, through Fastly's SDK: it reads the request, signs
// the batch, delivers it to a backend and answers.
package main

import (
	"context"
	"embed"
	"os"
	"time"

	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/fsthttp"
)

//go:embed build
var build embed.FS

// maxHeap ends a sandbox after its request, in MiB; Fastly's own limit is 128.
const maxHeap = 64

func main() {
	serve := unconfigured
	if h, err := start(); err != nil {
		// Standard error is what `fastly log-tail` shows.
		os.Stderr.WriteString("weir: " + err.Error() + "\n")
	} else {
		serve = h.serve
	}
	// Schemas and settings are opened once and serve many requests. Settings
	// and secrets that change reach every sandbox within its lifetime.
	fsthttp.ServeMany(serve, &fsthttp.ServeManyOptions{
		MaxRequests: 1000,
		MaxLifetime: time.Minute,
		Continue: func() bool {
			heap, err := compute.GetHeapMiB()
			return err == nil && heap < maxHeap
		},
	})
}

// unconfigured answers what a service that cannot start is asked: trackers keep their events.
func unconfigured(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	refuse(w, r, fsthttp.StatusServiceUnavailable)
}
