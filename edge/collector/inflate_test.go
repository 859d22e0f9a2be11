package collector

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

func compress(t *testing.T, data []byte, header func(*gzip.Header)) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if header != nil {
		header(&w.Header)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGunzip(t *testing.T) {
	text := bytes.Repeat([]byte("what a tracker sends "), 3000)
	one := compress(t, text, nil)
	named := compress(t, text[:100], func(h *gzip.Header) { h.Name, h.Comment, h.Extra = "name", "comment", []byte("extra") })
	withCRC := bytes.Clone(compress(t, text[:100], nil))
	withCRC[3] |= 2
	withCRC = append(withCRC[:10:10], append([]byte{0, 0}, withCRC[10:]...)...)
	flip := func(i int) []byte {
		b := bytes.Clone(one)
		b[(i+len(b))%len(b)] ^= 1
		return b
	}
	for name, c := range map[string]struct {
		body  []byte
		limit int
		want  []byte
		err   error
	}{
		"one member":        {one, len(text), text, nil},
		"two members":       {append(bytes.Clone(named), one...), 1 << 20, append(bytes.Clone(text[:100]), text...), nil},
		"named":             {named, 1 << 20, text[:100], nil},
		"header with CRC":   {withCRC, 1 << 20, text[:100], nil},
		"empty member":      {compress(t, nil, nil), 1, nil, nil},
		"too large":         {one, len(text) - 1, text[:len(text)-1], errInflatedTooLarge},
		"second too large":  {append(bytes.Clone(named), one...), 150, append(bytes.Clone(text[:100]), text[:50]...), errInflatedTooLarge},
		"nothing":           {nil, 10, nil, errNotGzip},
		"text":              {[]byte("{\"schema\":\"x\"}"), 10, nil, errNotGzip},
		"header cut":        {one[:9], 10, nil, errNotGzip},
		"name without end":  {named[:12], 10, nil, errNotGzip},
		"unknown method":    {flip(2), 10, nil, errNotGzip},
		"reserved flag":     {append([]byte{0x1f, 0x8b, 8, 0x80}, one[4:]...), 10, nil, errNotGzip},
		"checksum":          {flip(-8), len(text), text, errGzipDamaged},
		"length":            {flip(-1), len(text), text, errGzipDamaged},
		"trailer cut":       {one[:len(one)-1], len(text), text, errGzipDamaged},
		"something behind":  {append(bytes.Clone(one), "more"...), len(text), text, errNotGzip},
		"stream is no such": {append(bytes.Clone(one[:10]), 0xff, 0xff), 10, nil, errGzipDamaged},
	} {
		var g inflater
		for range 2 { // what one body leaves behind must not touch the next
			got, err := g.gunzip(c.body, c.limit)
			if !errors.Is(err, c.err) || !bytes.Equal(got, c.want) {
				t.Errorf("%s: %d bytes, %v, want %d bytes, %v", name, len(got), err, len(c.want), c.err)
			}
		}
	}
}

func TestGunzipStopsAtTheLimit(t *testing.T) {
	bomb := compress(t, make([]byte, 64<<20), nil)
	var g inflater
	const limit = 1 << 20
	if got, err := g.gunzip(bomb, limit); !errors.Is(err, errInflatedTooLarge) || len(got) != limit {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if cap(g.out) > 2*limit {
		t.Errorf("the buffer holds %d bytes for a limit of %d", cap(g.out), limit)
	}
	if left := len(g.deflate.src); left < len(bomb)/2 {
		t.Errorf("the rest of the bomb was read: %d of %d bytes left", left, len(bomb))
	}
}

func TestGunzipAllocatesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var text []byte
	for range 2000 {
		text = fmt.Appendf(text, `{"e":"%x","f":%d,"g":"%c"}`, random.Uint64(), random.IntN(1000), rune(random.IntN(5000)))
	}
	body := compress(t, text, nil)
	var g inflater
	if got := testing.AllocsPerRun(10, func() {
		if out, err := g.gunzip(body, len(text)); err != nil || !bytes.Equal(out, text) {
			t.Fatal(len(out), err)
		}
	}); got != 0 {
		t.Errorf("%v allocations for %d bytes", got, len(text))
	}
}

func FuzzInflate(f *testing.F) {
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, level)
		w.Write(bytes.Repeat([]byte("what a tracker sends, over and over again \x00\xff"), 50))
		w.Flush()
		w.Write([]byte("and more"))
		w.Close()
		f.Add(b.Bytes())
	}
	f.Add([]byte{1, 0, 0, 0xff, 0xff, 'x'})
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 1 << 16
		var d deflater
		got, rest, err := d.inflate(nil, stream, limit)
		source := bytes.NewReader(stream)
		want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(source), limit+1))
		if len(want) > limit {
			if !errors.Is(err, errInflatedTooLarge) || !bytes.HasPrefix(want, got) {
				t.Fatalf("a stream beyond the limit: %d bytes, %v", len(got), err)
			}
			return
		}
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v; compress/flate says %d bytes, %v", len(got), err, len(want), wantErr)
		}
		if err == nil && len(rest) != source.Len() {
			t.Fatalf("%d bytes left; compress/flate leaves %d", len(rest), source.Len())
		}
	})
}
