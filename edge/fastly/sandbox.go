package main

import (
	"context"
	"time"

	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/fsthttp"
)

// maxHeap ends a sandbox after its request, in MiB; Fastly's own limit is 128.
const maxHeap = 64

// options let a sandbox serve many requests: schemas and settings are opened
// once. Those that change reach every sandbox within its lifetime.
var options = fsthttp.ServeManyOptions{
	MaxRequests: 1000,
	MaxLifetime: time.Minute,
	Continue: func() bool {
		heap, err := compute.GetHeapMiB()
		return err == nil && heap < maxHeap
	},
}

// unconfigured answers what a service that cannot start is asked: trackers keep their events.
func unconfigured(_ context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
	refuse(w, r, fsthttp.StatusServiceUnavailable)
}
