// Package browser opens a real, headless Chromium for tests.
package browser

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"weir/edge/toolchain/need"
)

// Tab is one browser with a fresh profile and one tab. It records what the
// page complained of.
type Tab struct {
	t   testing.TB
	ctx context.Context

	mu         sync.Mutex
	complaints []string
}

// Open starts a browser for the test, which is skipped by name where Chromium
// is missing. Everything ends with the test, or after five minutes.
func Open(t testing.TB) *Tab {
	t.Helper()
	options := append([]chromedp.ExecAllocatorOption{
		chromedp.ExecPath(need.Tool(t, "chromium")),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // a container has no user namespaces to build one from
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.Flag("hide-scrollbars", false),
	}, chromedp.DefaultExecAllocatorOptions[:]...)

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, options...)
	ctx, cancelTab := chromedp.NewContext(ctx)
	tab := &Tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		// Closing waits for the process, so that its profile can be removed.
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("closing the browser: %v", err)
		}
		cancelTab()
		cancelBrowser()
		cancel()
	})
	chromedp.ListenTarget(ctx, tab.listen)
	tab.Run(log.Enable(), network.Enable())
	return tab
}

func (tab *Tab) listen(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		tab.complain("exception: " + e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError {
			tab.complain(fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type != runtime.APITypeError && e.Type != runtime.APITypeWarning {
			return
		}
		var words []string
		for _, arg := range e.Args {
			words = append(words, string(arg.Value)+arg.Description)
		}
		tab.complain("console: " + strings.Join(words, " "))
	}
}

func (tab *Tab) complain(text string) {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	tab.complaints = append(tab.complaints, text)
}

// Complaints returns what the page logged as warning or error, and its
// uncaught exceptions: a breach of the Content-Security-Policy is among them.
func (tab *Tab) Complaints() []string {
	tab.mu.Lock()
	defer tab.mu.Unlock()
	return append([]string(nil), tab.complaints...)
}

// Run performs actions and fails the test if one fails.
func (tab *Tab) Run(actions ...chromedp.Action) {
	tab.t.Helper()
	if err := chromedp.Run(tab.ctx, actions...); err != nil {
		tab.t.Fatalf("browser: %v\npage said: %q", err, tab.Complaints())
	}
}

// Eval evaluates a JavaScript expression, awaiting it, and stores its value in result.
func (tab *Tab) Eval(expression string, result any) {
	tab.t.Helper()
	tab.Run(chromedp.Evaluate(expression, result, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
		return p.WithAwaitPromise(true)
	}))
}

// Wait polls a JavaScript condition, at each frame, until it holds or half a minute has passed.
func (tab *Tab) Wait(condition string) {
	tab.t.Helper()
	var ok bool
	err := chromedp.Run(tab.ctx, chromedp.Poll("Boolean("+condition+")", &ok, chromedp.WithPollingTimeout(30*time.Second)))
	if err != nil {
		var body string
		_ = chromedp.Run(tab.ctx, chromedp.Evaluate("document.body.innerText.slice(0, 2000)", &body))
		tab.t.Fatalf("browser: waiting for %s: %v\npage said: %q\npage shows: %s", condition, err, tab.Complaints(), body)
	}
}

// Look sets the window's size in CSS pixels and the colour scheme, "light" or "dark".
func (tab *Tab) Look(width, height int64, scheme string) {
	tab.t.Helper()
	tab.Run(
		chromedp.EmulateViewport(width, height),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
	)
}

// Screenshot writes what the window shows as a PNG file.
func (tab *Tab) Screenshot(path string) {
	tab.t.Helper()
	var png []byte
	tab.Run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatPng).Do(ctx)
		return err
	}))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tab.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		tab.t.Fatal(err)
	}
	tab.t.Logf("screenshot: %s", path)
}
