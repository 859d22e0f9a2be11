//go:build !golden

// Command fastly is the collector as a Fastly Compute program. Unlike the edge
// module it does its own I/O, through Fastly's SDK: it reads the request, signs
// the batch, delivers it to a backend and answers.
package main

import (
	"os"

	"github.com/fastly/compute-sdk-go/fsthttp"
)

func main() {
	serve := unconfigured
	if h, err := start(settingsKey); err != nil {
		// Standard error is what `fastly log-tail` shows.
		os.Stderr.WriteString("weir: " + err.Error() + "\n")
	} else {
		serve = h.serve
	}
	fsthttp.ServeMany(serve, &options)
}
