package bundle_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"weir/edge/toolchain/need"
	"weir/schemas/bundle"
	"weir/schemas/compile"
	"weir/schemas/registry"
)

func small(t *testing.T) []byte {
	t.Helper()
	b, err := compile.Bundle([]compile.Source{{Key: "urn:x", JSON: []byte(`{"properties":{"a":{"pattern":"^a+$"}}}`)}}, compile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpenFaults(t *testing.T) {
	good := small(t)
	for _, c := range []struct {
		name string
		edit func(b []byte) []byte
		want string
	}{
		{"nothing", func([]byte) []byte { return nil }, "not a bundle"},
		{"text", func([]byte) []byte { return []byte(strings.Repeat("x", 400)) }, "not a bundle"},
		{"another version", func(b []byte) []byte { b[8]++; return b }, "another version of the engine"},
		{"truncated", func(b []byte) []byte { return b[:len(b)-8] }, "truncated"},
		{"one byte more", func(b []byte) []byte { return append(b, 0) }, "truncated"},
		{"one bit flipped", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, "does not match its hash"},
		{"a section outside", func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[24:], uint32(len(b)))
			binary.LittleEndian.PutUint32(b[28:], 16)
			bundle.Seal(b)
			return b
		}, "a section lies outside"},
		{"no sections", func(b []byte) []byte { clear(b[28:32]); clear(b[36:40]); clear(b[44:48]); bundle.Seal(b); return b }, "malformed neutral entries"},
	} {
		_, err := bundle.Open(c.edit(bytes.Clone(good)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// TestAlignment opens a bundle at every address; only one in eight can be used in place.
func TestAlignment(t *testing.T) {
	good := small(t)
	words := make([]uint64, len(good)/8+3)
	buf := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	for shift := range 8 {
		b := buf[shift : shift+len(good)]
		copy(b, good)
		opened, err := bundle.Open(b)
		if err != nil {
			t.Fatal(err)
		}
		if inPlace := unsafe.SliceData(opened.Bytes) == &b[len(b)-len(opened.Bytes)]; inPlace != (shift == 0) {
			t.Errorf("at shift %d used in place: %t", shift, inPlace)
		}
	}
}

// TestSizes pins the layout: a change of it is a change of bundle.Version.
func TestSizes(t *testing.T) {
	for name, s := range map[string][2]uintptr{
		"Schema":   {unsafe.Sizeof(bundle.Schema{}), 16},
		"Node":     {unsafe.Sizeof(bundle.Node{}), 40},
		"Object":   {unsafe.Sizeof(bundle.Object{}), 20},
		"Extra":    {unsafe.Sizeof(bundle.Extra{}), 28},
		"Names":    {unsafe.Sizeof(bundle.Names{}), 12},
		"Slot":     {unsafe.Sizeof(bundle.Slot{}), 16},
		"Rule":     {unsafe.Sizeof(bundle.Rule{}), 12},
		"Array":    {unsafe.Sizeof(bundle.Array{}), 36},
		"Number":   {unsafe.Sizeof(bundle.Number{}), 40},
		"Enum":     {unsafe.Sizeof(bundle.Enum{}), 16},
		"Constant": {unsafe.Sizeof(bundle.Constant{}), 16},
		"Op":       {unsafe.Sizeof(bundle.Op{}), 12},
		"Anchor":   {unsafe.Sizeof(bundle.Anchor{}), 12},
	} {
		if s[0] != s[1] {
			t.Errorf("%s takes %d bytes, want %d", name, s[0], s[1])
		}
	}
}

// BenchmarkOpen opens all of Iglu Central.
func BenchmarkOpen(b *testing.B) {
	sources, err := registry.Folder(os.DirFS(filepath.Join(need.Data(b, "iglu-central"), "schemas")))
	if err != nil {
		b.Fatal(err)
	}
	data, err := compile.Bundle(sources, compile.Options{Remote: compile.RemoteAccept})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bundle.Open(data); err != nil {
			b.Fatal(err)
		}
	}
}
