package abi

import (
	"encoding/binary"
	"errors"
	"reflect"
	"testing"

	"weir/edge/collector"
	"weir/edge/envelope"
	"weir/edge/protocol"
)

func fullInput() *collector.Input {
	in := &collector.Input{
		Request: protocol.Request{
			Method: "POST", Path: "/com.snowplowanalytics.snowplow/tp2", Query: "a=b", Host: "edge.example", Secure: true,
			Headers:  []protocol.Header{{Name: "Content-Type", Value: "application/json"}, {Name: "Cookie", Value: ""}},
			Body:     []byte(`{"schema":"…","data":[]}`),
			ClientIP: "192.0.2.1", BodyTooLarge: true,
		},
		NowMillis: -1,
		Location: envelope.Location{Country: "NZ", Region: "WGN", City: "Wellington", Continent: "OC", Timezone: "Pacific/Auckland",
			Latitude: "-41.28", Longitude: "174.77", ASN: "64496", ASOrg: "Example", Colo: "WLG"},
		Trapped: true,
		Bot:     collector.BotScore{Score: 99, Verified: true},
	}
	for i := range in.Entropy {
		in.Entropy[i] = byte(255 - i)
	}
	return in
}

func fullOutcome() *collector.Outcome {
	return &collector.Outcome{
		Response: protocol.Response{Status: 200, Body: []byte("ok"),
			Headers: []protocol.Header{{Name: "Set-Cookie", Value: "a=1"}, {Name: "Set-Cookie", Value: "b=2"}}},
		Refusal: protocol.Response{Status: 503, Headers: []protocol.Header{{Name: "Retry-After", Value: "5"}}, Body: []byte{}},
		Batch:   []byte("{}\n{}\n"), BatchID: "0193", Ack: envelope.AckFast,
	}
}

func TestInputSurvivesItsFrame(t *testing.T) {
	want := fullInput()
	frame := AppendInput([]byte("before"), want)[len("before"):]
	got := collector.Input{Request: protocol.Request{Headers: []protocol.Header{{Name: "left", Value: "over"}}}}
	if err := DecodeInput(&got, frame); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("decoded %+v\nwant    %+v", &got, want)
	}
}

func TestOutcomeSurvivesItsFrame(t *testing.T) {
	want := fullOutcome()
	var got collector.Outcome
	if err := DecodeOutcome(&got, AppendOutcome(nil, want)); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&got, want) {
		t.Errorf("decoded %+v\nwant    %+v", &got, want)
	}
}

// The layout is what another language relies on, so it is checked by hand.
func TestInputLayout(t *testing.T) {
	frame := AppendInput(nil, fullInput())
	if got := binary.LittleEndian.Uint32(frame); got != uint32(len(frame)) {
		t.Errorf("length = %d, want %d", got, len(frame))
	}
	if got, want := [4]byte(frame[4:8]), [4]byte{1, 15, 99, 0}; got != want {
		t.Errorf("version, flags and score = %v, want %v", got, want)
	}
	if got := int64(binary.LittleEndian.Uint64(frame[8:])); got != -1 {
		t.Errorf("milliseconds = %d, want -1", got)
	}
	if frame[16] != 255 || frame[47] != 224 {
		t.Errorf("entropy runs from %d to %d, want 255 to 224", frame[16], frame[47])
	}
	if got, want := string(frame[48:56]), "\x04\x00\x00\x00POST"; got != want {
		t.Errorf("method = %q, want %q", got, want)
	}
}

func TestEveryCutFrameIsRefused(t *testing.T) {
	input, outcome := AppendInput(nil, fullInput()), AppendOutcome(nil, fullOutcome())
	for n := range input {
		if err := DecodeInput(new(collector.Input), cut(input, n)); err == nil {
			t.Errorf("an input frame cut to %d of %d bytes was accepted", n, len(input))
		}
	}
	for n := range outcome {
		if err := DecodeOutcome(new(collector.Outcome), cut(outcome, n)); err == nil {
			t.Errorf("an outcome frame cut to %d of %d bytes was accepted", n, len(outcome))
		}
	}
}

// cut returns the first n bytes of a frame, claiming to be all of it.
func cut(frame []byte, n int) []byte {
	short := append([]byte(nil), frame[:n]...)
	if n >= 4 {
		binary.LittleEndian.PutUint32(short, uint32(n))
	}
	return short
}

func TestFaultyFrames(t *testing.T) {
	spoil := func(change func([]byte) []byte) []byte { return change(AppendInput(nil, fullInput())) }
	for name, c := range map[string]struct {
		frame []byte
		want  error
	}{
		"wrong length":  {spoil(func(b []byte) []byte { b[0]++; return b }), ErrLength},
		"version":       {spoil(func(b []byte) []byte { b[4] = 2; return b }), ErrVersion},
		"unknown flag":  {spoil(func(b []byte) []byte { b[5] |= 16; return b }), ErrValue},
		"score of 100":  {spoil(func(b []byte) []byte { b[6] = 100; return b }), ErrValue},
		"reserved byte": {spoil(func(b []byte) []byte { b[7] = 1; return b }), ErrValue},
		"huge string":   {spoil(func(b []byte) []byte { copy(b[48:], "\xff\xff\xff\xff"); return b }), ErrBounds},
		"spare byte": {spoil(func(b []byte) []byte {
			b = append(b, 0)
			return end(b, 0)
		}), ErrSpare},
	} {
		if err := DecodeInput(new(collector.Input), c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: error = %v, want %v", name, err, c.want)
		}
	}
	status := AppendOutcome(nil, &collector.Outcome{Response: protocol.Response{Status: 1000}})
	if err := DecodeOutcome(new(collector.Outcome), status); !errors.Is(err, ErrValue) {
		t.Errorf("status 1000: error = %v, want %v", err, ErrValue)
	}
	ack := AppendOutcome(nil, &collector.Outcome{Ack: 4})
	if err := DecodeOutcome(new(collector.Outcome), ack); !errors.Is(err, ErrValue) {
		t.Errorf("ack 4: error = %v, want %v", err, ErrValue)
	}
}

// A list's count is believed only as far as the frame could hold it.
func TestHeaderCountIsBounded(t *testing.T) {
	frame := AppendInput(nil, &collector.Input{})
	count := len(frame) - 8 // before the body's own length
	binary.LittleEndian.PutUint32(frame[count:], 1<<31)
	in := new(collector.Input)
	if err := DecodeInput(in, frame); !errors.Is(err, ErrBounds) {
		t.Errorf("error = %v, want %v", err, ErrBounds)
	}
	if cap(in.Request.Headers) != 0 {
		t.Errorf("room for %d headers was made", cap(in.Request.Headers))
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	in, out := fullInput(), fullOutcome()
	var gotIn collector.Input
	var gotOut collector.Outcome
	var a, b []byte
	round := func() {
		a = AppendInput(a[:0], in)
		b = AppendOutcome(b[:0], out)
		if DecodeInput(&gotIn, a) != nil || DecodeOutcome(&gotOut, b) != nil {
			t.Fatal("a frame was refused")
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations a round, want 0", n)
	}
}

func FuzzDecodeInput(f *testing.F) {
	f.Add(AppendInput(nil, fullInput()))
	f.Add(AppendInput(nil, &collector.Input{}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var in collector.Input
		if DecodeInput(&in, frame) != nil {
			return
		}
		if again := AppendInput(nil, &in); string(again) != string(frame) {
			t.Errorf("%x decodes to an input whose frame is %x", frame, again)
		}
	})
}

func FuzzDecodeOutcome(f *testing.F) {
	f.Add(AppendOutcome(nil, fullOutcome()))
	f.Add(AppendOutcome(nil, &collector.Outcome{}))
	f.Fuzz(func(t *testing.T, frame []byte) {
		var out collector.Outcome
		if DecodeOutcome(&out, frame) != nil {
			return
		}
		if again := AppendOutcome(nil, &out); string(again) != string(frame) {
			t.Errorf("%x decodes to an outcome whose frame is %x", frame, again)
		}
	})
}
