package journal

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestCodecFindsEveryChange(t *testing.T) {
	c := NewCodec()
	defer c.Close()
	id, received := NewID(time.Now()), time.UnixMilli(1_700_000_000_123)
	for _, frame := range [][]byte{{}, []byte("x"), bytes.Repeat([]byte(`{"event":1}`+"\n"), 5000)} {
		body := c.Encode(frame)
		sum := Checksum(id, received, body)
		got, err := c.Decode(id, received, body, sum)
		if err != nil || !bytes.Equal(got, frame) {
			t.Fatalf("%d bytes come back as %d, %v", len(frame), len(got), err)
		}
		for bit := range len(body) * 8 {
			damaged := bytes.Clone(body)
			damaged[bit/8] ^= 1 << (bit % 8)
			if _, err := c.Decode(id, received, damaged, sum); !errors.Is(err, ErrDamaged) {
				t.Fatalf("bit %d of %d flipped: %v", bit, len(body)*8, err)
			}
		}
		other := id
		other[15] ^= 1
		if _, err := c.Decode(other, received, body, sum); !errors.Is(err, ErrDamaged) {
			t.Errorf("another id: %v", err)
		}
		if _, err := c.Decode(id, received.Add(time.Millisecond), body, sum); !errors.Is(err, ErrDamaged) {
			t.Errorf("another time: %v", err)
		}
	}
}

func TestExpand(t *testing.T) {
	c := NewCodec()
	defer c.Close()
	for _, text := range [][]byte{nil, []byte("{}"), bytes.Repeat([]byte("again "), 100)} {
		for _, stored := range [][]byte{text, c.Encode(text)} {
			if got, err := c.Expand(stored); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%q comes back as %q, %v", text, got, err)
			}
		}
	}
	if _, err := c.Expand(c.Encode([]byte("cut off"))[:8]); !errors.Is(err, ErrDamaged) {
		t.Errorf("a letter cut off: %v", err)
	}
}

// A body that is whole by its checksum and no frame is damaged all the same.
func TestCodecRefusesWhatIsNoFrame(t *testing.T) {
	c := NewCodec()
	defer c.Close()
	id, now := NewID(time.Now()), time.Now()
	for _, body := range [][]byte{nil, []byte("not zstd"), c.Encode([]byte("cut off"))[:8]} {
		if frame, err := c.Decode(id, now, body, Checksum(id, now, body)); len(body) > 0 && !errors.Is(err, ErrDamaged) {
			t.Errorf("%q gives %q, %v", body, frame, err)
		}
	}
}

func TestIDs(t *testing.T) {
	now := time.UnixMilli(0x0193_4c5d_6e7f)
	id := NewID(now)
	text := id.String()
	if text[:14] != "01934c5d-6e7f-" || text[14] != '7' {
		t.Errorf("%s does not begin with its time and version", text)
	}
	if again, err := ParseID(text); err != nil || again != id {
		t.Errorf("%s is read as %s, %v", text, again, err)
	}
	if NewID(now) == id {
		t.Error("two ids are the same")
	}
	derived := DerivedID(now, []byte("a"), []byte("bc"))
	if text := derived.String(); text[:14] != "01934c5d-6e7f-" || text[14] != '7' || derived != DerivedID(now, []byte("a"), []byte("bc")) {
		t.Errorf("%s is not derived as it should be", text)
	}
	for _, other := range []ID{DerivedID(now, []byte("ab"), []byte("c")), DerivedID(now, []byte("abc")), DerivedID(now.Add(time.Millisecond), []byte("a"), []byte("bc"))} {
		if other == derived {
			t.Errorf("%s is derived of other parts, too", derived)
		}
	}
	for _, bad := range []string{"", "01934c5d6e7f7000800000000000000", text + "0", text[:35] + "g", text[:8] + "0" + text[9:], "01934c5d-6e7f-7000-8000-00000000000\n"} {
		if got, err := ParseID(bad); err == nil {
			t.Errorf("%q is read as %s", bad, got)
		}
	}
	if (Position{2, 0}).Before(Position{1, 9}) || !(Position{1, 1}).Before(Position{1, 2}) || (Position{1, 1}).Before(Position{1, 1}) {
		t.Error("positions are ordered wrongly")
	}
}
