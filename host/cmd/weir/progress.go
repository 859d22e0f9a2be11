package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// progress tells how far a long piece of work has got: a bar on a terminal,
// else a line from time to time.
type progress struct {
	w        io.Writer
	terminal bool
	last     time.Time
	shown    bool // a bar is on the terminal's last line
}

// plainEvery is how often a line is written where there is no terminal.
const plainEvery = 10 * time.Second

func newProgress(w io.Writer) *progress {
	return &progress{w: w, terminal: isTerminal(w), last: time.Now()}
}

// isTerminal reports whether w is a terminal that obeys.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && f.Name() != os.DevNull
}

// show tells that so much, 0 to 1, is done, and what that is.
func (p *progress) show(done float64, text string) {
	now := time.Now()
	done = min(max(done, 0), 1)
	switch {
	case p.terminal && now.Sub(p.last) >= 100*time.Millisecond:
		const width = 30
		full := int(done * width)
		fmt.Fprintf(p.w, "\r\x1b[K[%s%s] %3.0f %%  %s", strings.Repeat("#", full), strings.Repeat("-", width-full), 100*done, text)
		p.shown = true
	case !p.terminal && now.Sub(p.last) >= plainEvery:
		fmt.Fprintf(p.w, "%3.0f %%  %s\n", 100*done, text)
	default:
		return
	}
	p.last = now
}

// end clears the bar away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.shown = false
	}
}
