package hmac

import (
	"bytes"
	stdhmac "crypto/hmac"
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// Every length of key and message around the blocks' borders, written in pieces
// of every size, gives what the standard library gives.
func TestLikeStandardLibrary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 300)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	for _, key := range []int{0, 1, 16, 32, 63, 64, 65, 127, 128, 129, 200} {
		k := New(text[:key])
		for length := range 200 {
			message := text[:length]
			std := stdhmac.New(sha256.New, text[:key])
			std.Write(message)
			k.Reset()
			for rest := message; len(rest) > 0; {
				n := 1 + random.IntN(len(rest))
				k.Write(rest[:n])
				rest = rest[n:]
			}
			if sum := k.Sum(); !bytes.Equal(sum[:], std.Sum(nil)) {
				t.Fatalf("key of %d bytes, message of %d: %x, want %x", key, length, sum, std.Sum(nil))
			}
		}
	}
	if k := New(nil); !k.Made() || new(Key).Made() {
		t.Error("what is a key and what is none is not told apart")
	}
}

func TestEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"ab", "bb", false}, {"ab", "aa", false}} {
		if Equal([]byte(c.a), []byte(c.b)) != c.want {
			t.Errorf("%q, %q: %t", c.a, c.b, !c.want)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	k, message := New([]byte("0123456789abcdef")), make([]byte, 1000)
	if n := testing.AllocsPerRun(100, func() {
		k.Reset()
		k.Write(message)
		k.Sum()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkSum(b *testing.B) {
	k, message := New([]byte("0123456789abcdef")), make([]byte, 4096)
	b.SetBytes(int64(len(message)))
	for b.Loop() {
		k.Reset()
		k.Write(message)
		k.Sum()
	}
}
