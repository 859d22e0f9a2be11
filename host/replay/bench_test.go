package replay

import (
	"fmt"
	"testing"

	"weir/host/journal"
	"weir/host/journal/sqlite"
)

// BenchmarkReplay hands over ten thousand batches of ten events, then the same
// once more, when all of them are known.
func BenchmarkReplay(b *testing.B) {
	const batches, size = 10_000, 10
	r := newRig(b, sqlite.Options{})
	var lines [size]string
	for n := 0; n < batches; n += 500 {
		var list []journal.Batch
		for range 500 {
			for i := range lines {
				r.made++
				lines[i] = line(r.made, "shop", "good")
			}
			list = append(list, batch("", lines[:]...))
		}
		r.append(list...)
	}
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprintf("known=%t", known), func(b *testing.B) {
			b.ReportAllocs()
			q := all("a")
			q.Again = "before"
			for i := 0; b.Loop(); i++ {
				if !known {
					q.Again = fmt.Sprint(b.N, i)
				}
				if done := r.run(q, false); done.Events != batches*size {
					b.Fatalf("%d events were handed over", done.Events)
				}
			}
			b.ReportMetric(batches*size*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}
