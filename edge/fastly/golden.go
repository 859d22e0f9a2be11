//go:build golden

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/fastly/compute-sdk-go/compute"
	"github.com/fastly/compute-sdk-go/fsthttp"

	"weir/edge/abi"
	"weir/edge/collector"
	"weir/edge/envelope"
)

// The program as the golden suite runs it. Five things that a platform knows
// are the test's own, told in a header of the request: the time, the random
// bytes, the client's address with whether it spoke TLS, the place, and the
// score of machines. Another header names the entry of the config store that
// holds the case's settings, and one asks what it costs. All else is the program's: reading the request, the collector, signing,
// sending to a backend, answering.
const (
	inputHeader    = "Weir-Golden-Input"    // an input frame of package abi, in base64
	settingsHeader = "Weir-Golden-Settings" // a key
	// measureHeader of a request has it collected so many times, and of the answer
	// says what the heap was before and after, in MiB, and what processor time that
	// took, in milliseconds: since the sandbox began if it is only to be answered.
	measureHeader = "Weir-Golden-Measure"
)

func main() {
	var (
		h    *handler
		open string // the settings that h has
	)
	fsthttp.ServeMany(func(ctx context.Context, w fsthttp.ResponseWriter, r *fsthttp.Request) {
		times := r.Header.Get(measureHeader)
		r.Header.Del(measureHeader)
		key := r.Header.Get(settingsHeader)
		in, err := tell(r)
		if err == nil && (h == nil || key != open) {
			h, err = start(key)
			open = key
		}
		if err != nil {
			h = nil
			os.Stderr.WriteString("weir: " + err.Error() + "\n")
			unconfigured(ctx, w, r)
			return
		}
		if in.Request.BodyTooLarge {
			defer func(limit int) { h.maxBody = limit }(h.maxBody)
			h.maxBody = len(in.Request.Body)
		}
		h.platform = told{in}
		h.in.Trapped, h.in.Bot = in.Trapped, in.Bot
		if n, err := strconv.Atoi(times); err == nil {
			w.Header().Set(measureHeader, measure(h, r, n))
			if n > 0 {
				return
			}
		}
		h.serve(ctx, w, r)
	}, &options)
}

// measure has a request collected as often as told, and returns the heap after a
// tenth of that and after all of it, and the processor time of all.
func measure(h *handler, r *fsthttp.Request, times int) string {
	var began time.Duration
	if times > 0 {
		if h.read(r) != nil {
			return "0 0 0"
		}
		for range times / 10 {
			h.collector.Collect(&h.in)
		}
		began = vCPU()
	}
	before := heap()
	for range times {
		h.collector.Collect(&h.in)
	}
	return before + " " + heap() + " " + strconv.FormatInt((vCPU()-began).Milliseconds(), 10)
}

// vCPU returns the processor time that the sandbox has taken so far.
func vCPU() time.Duration {
	d, err := compute.GetVCPUTime()
	if err != nil {
		return 0
	}
	return d
}

// heap returns the size of the sandbox's, in MiB.
func heap() string {
	n, err := compute.GetHeapMiB()
	if err != nil {
		return "0"
	}
	return strconv.Itoa(int(n))
}

// tell takes out of the request what the test tells of the platform.
func tell(r *fsthttp.Request) (*collector.Input, error) {
	frame, err := base64.StdEncoding.DecodeString(r.Header.Get(inputHeader))
	if err != nil {
		return nil, err
	}
	in := new(collector.Input)
	if err := abi.DecodeInput(in, frame); err != nil {
		return nil, errors.New(inputHeader + ": " + err.Error())
	}
	r.Header.Del(inputHeader)
	r.Header.Del(settingsHeader)
	r.RemoteAddr = in.Request.ClientIP
	r.URL.Scheme = "http"
	if in.Request.Secure {
		r.URL.Scheme = "https"
	}
	return in, nil
}

// told is a platform that says what it was told.
type told struct{ in *collector.Input }

func (p told) Now() time.Time                  { return time.UnixMilli(p.in.NowMillis) }
func (p told) Entropy(dst *[32]byte)           { *dst = p.in.Entropy }
func (p told) Locate(string) envelope.Location { return p.in.Location }
func (p told) Bot() collector.BotScore         { return p.in.Bot }
