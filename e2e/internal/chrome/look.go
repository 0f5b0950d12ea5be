package chrome

import (
	"context"
	_ "embed" // the audit
	"fmt"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

//go:embed audit.js
var auditJS string

// Fault is something on a page that keeps people out.
type Fault struct {
	Rule   string `json:"rule"`   // a word for what is broken
	Where  string `json:"where"`  // the element
	Detail string `json:"detail"` // what is wrong with it
}

// String is the fault in one line.
func (f Fault) String() string { return f.Rule + ": " + f.Where + " " + f.Detail }

// Audit looks at the page as it is shown now, for what WCAG 2.2 AA asks and a program can see: the frame of the page, names of controls,
// contrast of texts and of fields as they are drawn, sizes of what is pressed, ids, and width.
func (t *Tab) Audit() ([]Fault, error) {
	faults, err := run(t, chromedp.Evaluate[[]Fault](auditJS))
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return faults, nil
}

// Stop is where the focus has come to.
type Stop struct {
	Name    string `json:"name"`    // what it reads
	Outline int    `json:"outline"` // width in pixels; 0 is none
	Inside  bool   `json:"inside"`  // it can be seen on the screen
}

// focusJS tells of the element that has the focus. A card's link draws its outline around the card.
const focusJS = `(() => {
	const e = document.activeElement
	if (!e || e === document.body) return {name: ""}
	const width = s => s.outlineStyle === "none" ? 0 : parseFloat(s.outlineWidth)
	const r = e.getBoundingClientRect()
	const label = e.labels && e.labels[0] ? e.labels[0].textContent : ""
	return {
		name: (label || e.getAttribute("aria-label") || e.textContent || e.id || e.tagName).replace(/\s+/g, " ").trim(),
		outline: Math.round(Math.max(width(getComputedStyle(e)), width(getComputedStyle(e, "::after")))),
		inside: r.bottom > 0 && r.right > 0 && r.top < innerHeight && r.left < innerWidth,
	}
})()`

// Focus tells where the focus is; the zero value is nowhere.
func (t *Tab) Focus() (Stop, error) { return run(t, chromedp.Evaluate[Stop](focusJS)) }

// View is a way to look at a page.
type View struct {
	Name   string
	Scheme string // light or dark
	Width  int64  // in pixels
}

// Views are the ways that every page must bear.
var Views = []View{{"light", "light", 1280}, {"dark", "dark", 1280}, {"phone", "light", 360}}

const viewHeight = 800

// Show sets how the tab is looked at.
func (t *Tab) Show(v View) error {
	if err := t.do("set the width", chromedp.EmulateViewport(v.Width, viewHeight)); err != nil {
		return err
	}
	return send(t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: v.Scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// settled is when all pictures of the page are there: those that wait to be scrolled to are told not to. It gives the page's height.
const settled = `Promise.all([...document.images].map(i => { i.loading = "eager"; return i.decode().catch(() => {}) }))
	.then(() => document.documentElement.scrollHeight)`

// tallest is how much of a long page a picture shows, in pixels. The browser draws no more than five times that.
const tallest = 3000

// Screenshot writes the page as a PNG, from its top.
func (t *Tab) Screenshot(path string, v View) error {
	height, err := run(t, chromedp.Evaluate[float64](settled, chromedp.EvalAwaitPromise))
	if err != nil {
		return fmt.Errorf("wait for pictures: %w", err)
	}
	yes := true
	shot, err := run(t, func(ctx context.Context, target *chromedp.Target) (page.CaptureScreenshotResult, error) {
		return cdp.Call(ctx, target, page.CaptureScreenshot, page.CaptureScreenshotParams{
			CaptureBeyondViewport: &yes,
			OptimizeForSpeed:      &yes,
			Clip:                  &page.Viewport{Width: float64(v.Width), Height: min(height, tallest), Scale: 1},
		})
	})
	if err != nil {
		return fmt.Errorf("screenshot: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	return os.WriteFile(path, shot.Data, 0o600)
}
