package frame

import (
	"fmt"
	"testing"
	"time"

	"weir/edge/envelope"
	"weir/host/journal"
	"weir/sinks"
)

func TestBatch(t *testing.T) {
	var b Builder
	b.Origin(1_795_215_804_123, "9f86d081884c7d65")
	for n, verdict := range []string{"good", "failed", "unresolved"} {
		b.Add(sinks.Event{Verdict: verdict, Envelope: fmt.Appendf(nil, `{"n":%d}`, n)})
	}
	id := journal.NewID(time.Now())
	got := b.Batch(id, "a")
	read, err := envelope.NewReader(got.Frame).Next()
	want := envelope.Header{ID: id.String(), Captured: 1_795_215_804_123, Events: 3, Failed: 2, Bundle: "9f86d081884c7d65"}
	if err != nil || read.Header != want || got.ID != id || got.Route != "a" || got.Events != 3 || b.Events() != 3 {
		t.Errorf("the batch is %+v with header %+v, %v; want %+v", got, read.Header, err, want)
	}
	if string(b.Lines()) != "{\"n\":0}\n{\"n\":1}\n{\"n\":2}\n" {
		t.Errorf("its lines are %q", b.Lines())
	}
}
