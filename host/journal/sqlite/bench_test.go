package sqlite

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"weir/host/journal"
)

// BenchmarkAppend measures batches of 50 events of about 1 kB, from encoding to
// the synced commit, with one route that reads and settles.
func BenchmarkAppend(b *testing.B) {
	var frame strings.Builder
	for n := range 50 {
		fmt.Fprintf(&frame, `{"app_id":"shop","event_id":"01930000-0000-4000-8000-%012d"`, n*7919)
		for i := range 12 {
			fmt.Fprintf(&frame, `,"member_%d":"value %d of event %d, /products/%d?ref=list&x=%d"`, i, i*n%97, n, n*31%1000, n*i)
		}
		frame.WriteString("}\n")
	}
	text := []byte(frame.String())
	for _, senders := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			j, err := Open(b.TempDir(), Options{Routes: []string{"a"}})
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			go settleAll(j)
			b.SetBytes(int64(len(text)))
			var left atomic.Int64
			left.Store(int64(b.N))
			var wg sync.WaitGroup
			b.ResetTimer()
			for range senders {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := j.Append(b.Context(), journal.Batch{ID: journal.NewID(time.Now()), Frame: text, Events: 50}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(50*b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// settleAll reads and settles a route until the journal is closed.
func settleAll(j *Journal) {
	r, err := j.Route("a")
	for err == nil {
		var records []journal.Record
		if records, err = r.Next(context.Background(), journal.Limit{Records: 64, Bytes: 4 << 20}); err == nil {
			err = r.Settle(context.Background(), journal.Position{Seq: records[len(records)-1].Seq + 1}, nil)
		}
	}
}
