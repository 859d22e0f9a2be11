package envelope

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

const headerLine = `{"weir_batch":1,"id":"0193a7f0-0000-7000-8000-000000000001","captured":"2026-11-20T23:03:24.123Z","ack":"stored","events":2,"failed":1,"bundle":"9f86d081884c7d65"}`

func TestReaderReadsWhatAppendBatchWrites(t *testing.T) {
	var body []byte
	var want [][]byte
	for n := 1; n <= 3; n++ {
		var events []Event
		var e *Event
		for range n {
			events, e = Next(events)
			e.Protocol = "test"
		}
		e.Verdict = Unresolved
		h := Header{ID: "0193a7f0-0000-7000-8000-00000000000" + string(rune('0'+n)), Captured: 1_795_215_804_123, Ack: AckDelivered, Bundle: `quote"`}
		frame, _ := AppendBatch(nil, &h, &Location{Country: "DE"}, events, 1<<20, 0)
		want = append(want, frame)
		body = append(body, frame...)
	}
	r := NewReader(body)
	for n := 1; ; n++ {
		b, err := r.Next()
		if err == io.EOF && n == 4 {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if b.Header.Events != n || b.Header.Failed != 1 || b.Header.Ack != AckDelivered || b.Header.Captured != 1_795_215_804_123 || b.Header.Bundle != `quote"` {
			t.Errorf("batch %d has the header %+v", n, b.Header)
		}
		if !bytes.Equal(b.Frame, want[n-1]) {
			t.Errorf("batch %d has the frame %s", n, b.Frame)
		}
		count := 0
		for i, line := range b.Events {
			if i != count || line[0] != '{' || line[len(line)-1] != '}' || bytes.IndexByte(line, '\n') >= 0 {
				t.Errorf("batch %d, event %d is %q", n, i, line)
			}
			count++
		}
		if count != n {
			t.Errorf("batch %d has %d events", n, count)
		}
	}
}

func TestReaderNamesTheFault(t *testing.T) {
	good := headerLine + "\n{}\n{}\n"
	edit := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for name, c := range map[string]struct{ body, want string }{
		"nothing":          {"", "batch 1, line 1: the body ends"},
		"no line end":      {headerLine, "batch 1, line 1: the line does not end"},
		"no header":        {"[]\n", "begins with its header"},
		"header cut":       {"{\"id\"\n", "not JSON"},
		"other version":    {edit(`"weir_batch":1`, `"weir_batch":2`), "weir_batch must be 1"},
		"no version":       {edit(`"weir_batch":1,`, ""), "the header needs"},
		"id":               {edit("0193a7f0", "x193a7f0"), "id must be a UUID"},
		"captured":         {edit("23:03", "25:03"), "captured must be"},
		"ack":              {edit(`"stored"`, `"maybe"`), "ack must be"},
		"no events":        {edit(`"events":2`, `"events":0`), "events must be"},
		"events as text":   {edit(`"events":2`, `"events":"2"`), "events must be"},
		"events as float":  {edit(`"events":2`, `"events":2.0`), "events must be"},
		"many events":      {edit(`"events":2`, `"events":99999999999`), "events must be"},
		"failed too many":  {edit(`"failed":1`, `"failed":3`), "failed exceeds"},
		"too few":          {headerLine + "\n{}\n", "batch 1, line 3: the body ends where a line is expected; the header announces 2 events and this is number 2"},
		"event cut":        {good[:len(good)-1], "line 3: the line does not end"},
		"empty line":       {headerLine + "\n\n{}\n", "line 2: the line is empty"},
		"event no object":  {headerLine + "\n{}\n[1]\n", "line 3: an envelope must be"},
		"something behind": {good + "{}\n", "batch 2, line 4: the header needs"},
	} {
		r := NewReader([]byte(c.body))
		var err error
		for err == nil {
			_, err = r.Next()
		}
		var format *FormatError
		if !errors.As(err, &format) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if b, err := NewReader([]byte(edit(`"ack"`, `"later":{"x":[1]},"ack"`))).Next(); err != nil || b.Header.Events != 2 {
		t.Errorf("a member to come is not passed over: %v", err)
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte(headerLine + "\n{}\n{}\n" + headerLine + "\n{}\n{}\n"))
	f.Add([]byte(headerLine + "\n{}"))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := NewReader(body)
		var frames []byte
		for {
			b, err := r.Next()
			if err != nil {
				if err == io.EOF && !bytes.Equal(frames, body) {
					t.Fatal("the frames are not the body")
				}
				return
			}
			frames = append(frames, b.Frame...)
			n := 0
			for range b.Events {
				n++
			}
			if n != b.Header.Events {
				t.Fatalf("%d events, the header says %d", n, b.Header.Events)
			}
		}
	})
}
