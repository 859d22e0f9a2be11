package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/config"
	"weir/host/journal"
	"weir/host/journal/sqlite"
	"weir/sinks"
)

// BenchmarkRoutes delivers stored events of about 1 kB to routes whose sinks
// take everything at once. What counts is the processor's time for an event on
// its way to all of the routes.
func BenchmarkRoutes(b *testing.B) {
	for _, routes := range []int{1, 3, 6} {
		b.Run(fmt.Sprintf("routes=%d", routes), func(b *testing.B) { benchmarkRoutes(b, routes) })
	}
}

func benchmarkRoutes(b *testing.B, routes int) {
	const batches, events = 400, 50
	names := make([]string, routes)
	for i := range names {
		names[i] = fmt.Sprint("r", i)
	}
	var used time.Duration
	for range b.N {
		b.StopTimer()
		j, err := sqlite.Open(b.TempDir(), sqlite.Options{Routes: names, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		var list []journal.Batch
		for n := range batches {
			list = append(list, filled(n*events, events))
		}
		if _, err := j.Append(b.Context(), list...); err != nil {
			b.Fatal(err)
		}
		var to []Route
		for _, name := range names {
			reader, err := j.Route(name)
			if err != nil {
				b.Fatal(err)
			}
			to = append(to, Route{Settings: config.NewRoute(name), Journal: reader, Sink: NewSink(name, discard{})})
		}
		b.StartTimer()
		before := processorTime(b)
		d, err := Start(to, nil, noMetrics{}, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		if err := j.Settled(ctx, batches, names...); err != nil {
			b.Fatal(err)
		}
		cancel()
		used += processorTime(b) - before
		b.StopTimer()
		d.Drain(b.Context())
		j.Close()
		b.StartTimer()
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N*batches*events), "cpu-ns/event")
	b.ReportMetric(0, "ns/op")
}

type discard struct{}

func (discard) Open(context.Context) error               { return nil }
func (discard) Write(context.Context, sinks.Batch) error { return nil }
func (discard) Close(context.Context) error              { return nil }

func filled(first, n int) journal.Batch {
	id := journal.NewID(time.Now())
	h := envelope.Header{ID: id.String(), Events: n}
	text := append(h.AppendJSON(nil), '\n')
	for i := range n {
		one := strings.TrimSuffix(line(first+i), "}")
		text = append(text, one...)
		for k := range 10 {
			text = fmt.Appendf(text, `,"se_%d":"value %d of event %d, /products/%d?ref=list"`, k, k*i%97, first+i, (first+i)*31%1000)
		}
		text = append(text, "}\n"...)
	}
	return journal.Batch{ID: id, Frame: text, Events: n}
}

// processorTime is what the process has used so far, in user mode and in the
// system.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
