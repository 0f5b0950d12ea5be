// Package chrome drives a real browser, Debian's Chromium, as a person would: it finds links, buttons and fields by the words that are
// read on them, types, and looks at what comes. Everything runs without a screen.
//
//	b, err := chrome.Start(ctx)
//	…
//	defer b.Close()
//	tab, err := b.Window() // of its own: no other window shares its cookies
//	err = tab.Visit("http://localhost:3000/")
//	err = tab.Click("Sign in")
package chrome

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is one running Chromium.
type Browser struct {
	ctx  context.Context // chromedp keeps the connection there
	stop context.CancelFunc
}

// patience is how long a step may take on a busy machine, and how long a browser may take to end.
const (
	patience = time.Minute
	farewell = 10 * time.Second
)

// Start starts the browser, which ends with ctx or by Close. Where none is installed it is installed first, by whoever may do that.
func Start(ctx context.Context) (*Browser, error) {
	path, err := find(ctx, exec.LookPath, install)
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WSURLReadTimeout(patience),
		// On a small machine: no process that only waits for a page to come, and none that plays a graphics card.
		chromedp.Flag("disable-features", "Translate,SpareRendererForSitePerProcess"), chromedp.DisableGPU)
	ctx, stopAllocator := chromedp.NewExecAllocator(ctx, options...)
	ctx, stop := chromedp.NewContext(ctx)
	b := &Browser{ctx: ctx, stop: func() { stop(); stopAllocator() }}
	if err := chromedp.Do(ctx); err != nil {
		b.stop()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	return b, nil
}

// Close ends the browser and everything in it.
func (b *Browser) Close() error {
	defer b.stop()
	ctx, cancel := context.WithTimeout(b.ctx, farewell)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("close the browser: %w", err)
	}
	return nil
}

// Window opens a private window with one empty tab: nothing of another window is known in it.
func (b *Browser) Window() (*Tab, error) {
	return open(b.ctx, chromedp.WithNewBrowserContext())
}
