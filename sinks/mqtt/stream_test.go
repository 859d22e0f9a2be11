package mqtt

import (
	"io"
	"net"
	"strings"
	"testing"
)

// What names a length that no broker may send is refused before room is made for it.
func TestStreamIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		sent string
		read int // bytes handed on
		want string
	}{
		"two packets":     {"\x20\x02ab\xd0\x00", 6, "EOF"},
		"a long length":   {"\x20\x02ab\x30\xff\xff\xff\x7f" + strings.Repeat("x", 100), 4, "more than"},
		"an endless one":  {"\x30\x80\x80\x80\x80\x01", 0, "no end"},
		"half a packet":   {"\x20\x7fab", 4, "EOF"},
		"half a header":   {"\x20", 0, "EOF"},
		"noise of a kind": {"HTTP/1.1 400 Bad Request\r\n", 26, "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			here, there := net.Pipe()
			go func() {
				io.WriteString(there, c.sent)
				there.Close()
			}()
			s := newStream(here)
			defer s.Close()
			read, buffer := 0, make([]byte, 3)
			for {
				n, err := s.Read(buffer)
				if read += n; err != nil {
					if !strings.Contains(err.Error(), c.want) || read != c.read {
						t.Errorf("%d bytes and %v, want %d and %q", read, err, c.read, c.want)
					}
					return
				}
			}
		})
	}
}
