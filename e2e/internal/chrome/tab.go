package chrome

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Tab is one tab of a window. A tab is used by one goroutine at a time.
type Tab struct {
	ctx    context.Context // chromedp keeps the tab there
	status int
}

func open(parent context.Context, options ...chromedp.ContextOption) (*Tab, error) {
	ctx, cancel := chromedp.NewContext(parent, options...)
	if err := chromedp.Do(ctx); err != nil { // makes the tab; it lives as long as the ctx of this call
		cancel()
		return nil, fmt.Errorf("open a tab: %w", err)
	}
	context.AfterFunc(parent, cancel)
	return &Tab{ctx: ctx}, nil
}

// NewTab opens another tab of the same window, which shares its cookies.
func (t *Tab) NewTab() (*Tab, error) { return open(t.ctx) }

// Visit goes to an address, as typed into the address bar.
func (t *Tab) Visit(url string) error {
	return t.load("visit "+url, chromedp.Navigate(url))
}

// Click presses the link or button that reads so, and waits for the page that follows.
func (t *Tab) Click(name string) error {
	return t.load("click "+name, chromedp.Click(pressable(name)))
}

// ClickFirst presses the first link or button whose words begin so, and waits for the page that follows.
func (t *Tab) ClickFirst(words string) error {
	return t.load("click "+words, chromedp.Click(beginning(words)))
}

// Enter presses the key on whatever has the focus, and waits for the page that follows.
func (t *Tab) Enter() error { return t.load("press Enter", chromedp.KeyEvent("\r")) }

// ClickToTab presses a link that opens a tab of its own, and gives that tab.
func (t *Tab) ClickToTab(name string) (*Tab, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	opened := chromedp.WaitNewTarget(ctx, func(info *target.Info) bool { return info.URL != "" })
	if err := chromedp.Do(ctx, chromedp.Click(pressable(name))); err != nil {
		return nil, fmt.Errorf("click %s: %w", name, err)
	}
	id, ok := <-opened
	if !ok {
		return nil, fmt.Errorf("click %s: no tab opens", name)
	}
	return open(t.ctx, chromedp.WithTargetID(id))
}

// Back presses the browser's own button. A page may come out of the browser's memory, where nothing is
// loaded and no step but Text, URL and Visit finds it.
func (t *Tab) Back() error {
	history, err := run(t, chromedp.NavigationEntries())
	if err != nil || history.CurrentIndex < 1 {
		return fmt.Errorf("go back from entry %d: %w", history.CurrentIndex, err)
	}
	before := history.Entries[history.CurrentIndex-1].ID
	_, err = run(t, chromedp.WaitEvent(page.FrameNavigated,
		func(ev page.EventFrameNavigated) bool { return ev.Frame.ParentID == "" },
		chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
			_, err := cdp.Call(ctx, target, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: before})
			return err
		})))
	return err
}

// Fill writes into the field of that label, over what stands there.
func (t *Tab) Fill(label, text string) error {
	field := labelled(label)
	over := chromedp.Evaluate[chromedp.Void]("document.activeElement.select()")
	return t.do("fill "+label, chromedp.Focus(field), over, chromedp.KeyEvent("\b"+text))
}

// Tick chooses a radio button, or turns a box.
func (t *Tab) Tick(label string) error { return t.do("tick "+label, chromedp.Click(picked(label))) }

// Choose takes the option that begins so from the list of that label.
func (t *Tab) Choose(label, option string) error {
	value, err := run(t, chromedp.AttributeValue(optionOf(label, option), "value", chromedp.NodeReady))
	if err != nil {
		return fmt.Errorf("choose %s of %s: %w", option, label, err)
	}
	return t.do("choose "+option, chromedp.SetValue(labelled(label), value.Value))
}

// Press sends keys to whatever has the focus.
func (t *Tab) Press(keys string) error { return t.do("press", chromedp.KeyEvent(keys)) }

// Status is that of the page to which Visit or Click led.
func (t *Tab) Status() int { return t.status }

// URL is the address that is shown.
func (t *Tab) URL() (string, error) { return run(t, chromedp.Location()) }

// Text is all that can be read on the page. It is not asked of an element, because there is none to wait for on a page that has come
// out of the browser's memory.
func (t *Tab) Text() (string, error) {
	return run(t, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
}

// Value is what stands in the field of that label.
func (t *Tab) Value(label string) (string, error) { return run(t, chromedp.Value(labelled(label))) }

// Offers reports whether there is a link or a button that reads so.
func (t *Tab) Offers(name string) (bool, error) {
	return run(t, chromedp.Evaluate[bool](fmt.Sprintf("document.evaluate(%q, document, null, XPathResult.BOOLEAN_TYPE).booleanValue", "boolean("+string(pressable(name))+")")))
}

// DropCookies forgets who this window is, on every site.
func (t *Tab) DropCookies() error { return send(t, network.ClearBrowserCookies, cdp.Empty{}) }

// SetCookie plants a cookie.
func (t *Tab) SetCookie(url, name, value string) error {
	return send(t, network.SetCookie, network.SetCookieParams{URL: url, Name: name, Value: value})
}

// WithoutScripts turns JavaScript off.
func (t *Tab) WithoutScripts() error {
	return send(t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// send gives the browser a command of its protocol whose answer does not matter.
func send[P, R any](t *Tab, command cdp.Command[P, R], params P) error {
	return t.do(command.Method, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	}))
}

// load does something that leads to another page, and waits for that.
func (t *Tab) load(what string, action chromedp.Action[chromedp.Void]) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case response == nil:
		return errors.New(what + ": no page came")
	}
	t.status = int(response.Status)
	return nil
}

func (t *Tab) do(what string, actions ...chromedp.Action[chromedp.Void]) error {
	if _, err := run(t, chromedp.Steps(actions...)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func run[T any](t *Tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}
