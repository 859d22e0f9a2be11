//go:build unix

package redis

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// startProxy stands in front of a server and answers some commands in its
// place: as answer says, or not at all where it says nothing and true.
func startProxy(t testing.TB, server *instance, answer func(command []string) (reply string, mine bool)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		wait.Wait()
	})
	wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wait.Go(func() {
				defer conn.Close()
				back, err := net.Dial("tcp", server.address())
				if err != nil {
					return
				}
				defer back.Close()
				// Clients hang up at the end; there is no other error to report.
				_ = relay(conn, back, answer)
			})
		}
	})
	return l.Addr().String()
}

func relay(front, back net.Conn, answer func([]string) (string, bool)) error {
	commands, replies := bufio.NewReader(front), bufio.NewReader(back)
	for {
		var raw bytes.Buffer
		words, err := readValue(commands, &raw)
		if err != nil {
			return err
		}
		if text, mine := answer(words); mine {
			if _, err := io.WriteString(front, text); err != nil {
				return err
			}
			continue
		}
		if _, err := back.Write(raw.Bytes()); err != nil {
			return err
		}
		raw.Reset()
		if _, err := readValue(replies, &raw); err != nil {
			return err
		}
		if _, err := front.Write(raw.Bytes()); err != nil {
			return err
		}
	}
}

// readValue copies one value of RESP to raw and returns its strings.
func readValue(r *bufio.Reader, raw *bytes.Buffer) (words []string, err error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	raw.WriteString(line)
	text := strings.TrimSpace(line[1:])
	switch line[0] {
	case '$', '=':
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return nil, err
		}
		body := make([]byte, n+2)
		if _, err := io.ReadFull(r, body); err != nil {
			return nil, err
		}
		raw.Write(body)
		return []string{string(body[:n])}, nil
	case '*', '%', '~', '>':
		n, err := strconv.Atoi(text)
		if err != nil {
			return nil, err
		}
		if line[0] == '%' {
			n *= 2
		}
		for range n {
			more, err := readValue(r, raw)
			if err != nil {
				return nil, err
			}
			words = append(words, more...)
		}
		return words, nil
	case '+', '-', ':', '_', '#', ',', '(':
		return []string{text}, nil
	}
	return nil, fmt.Errorf("proxy: %q is no RESP", line)
}
