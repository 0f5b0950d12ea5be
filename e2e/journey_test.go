package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"storefront/e2e/internal/chrome"
	"storefront/e2e/internal/stack"
)

// What people do in the shop, in a real browser: each journey in a private window of its own, through the real login page. Every page
// that a journey meets is audited in light, dark and on a phone, and its picture written to .data/screenshots, for a person to look at.
func TestJourneys(t *testing.T) {
	t.Parallel()
	if os.Getenv("BROWSER") != "1" { //nolint:forbidigo // the switch of the browser's tests
		t.Skip("needs Chromium: make check-browser")
	}
	s, _ := ownStack(t, use(t).bin(), map[string]map[string]string{stack.Gateway: {"EXPLAIN_TOKENS": "true"}})
	b, err := chrome.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	arrive := func(t *testing.T) guest { return newGuest(t, s, b) }
	t.Run("together", func(t *testing.T) {
		for name, journey := range map[string]func(*testing.T, func(*testing.T) guest){
			"anybody looks around":          looksAround,
			"the keyboard alone will do":    usesTheKeyboard,
			"a customer keeps to the shop":  staysCustomer,
			"a manager moves stock":         movesStock,
			"a manager without JavaScript":  movesStockWithoutScripts,
			"a manager's session ends":      losesTheSession,
			"an admin edits products":       editsProducts,
			"an admin reads the fine print": readsAll,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				journey(t, arrive)
			})
		}
	})
	t.Run("the catalog goes away", func(t *testing.T) { losesTheCatalog(t, arrive(t), s) })
}

// guest is a person at a tab. A step that cannot be done ends the journey.
type guest struct {
	t    *testing.T
	tab  *chrome.Tab
	shop string // the address
	idp  string
}

func newGuest(t *testing.T, s *stack.Stack, b *chrome.Browser) guest {
	t.Helper()
	tab, err := b.Window()
	if err != nil {
		t.Fatal(err)
	}
	g := guest{t: t, tab: tab, shop: s.URL(stack.Gateway), idp: s.URL(stack.Identity)}
	g.does(tab.Show(chrome.Views[0]))
	return g
}

// anotherTab is the same person in the same window.
func (g guest) anotherTab() guest {
	g.t.Helper()
	tab, err := g.tab.NewTab()
	g.does(err)
	g.tab = tab
	g.does(tab.Show(chrome.Views[0]))
	return g
}

func (g guest) does(errs ...error) {
	g.t.Helper()
	for _, err := range errs {
		if err != nil {
			text, _ := g.tab.Text()
			at, _ := g.tab.URL()
			g.t.Fatalf("%v\nat %s:\n%s", err, at, text)
		}
	}
}

// visits a page of the shop that answers with the status.
func (g guest) visits(path string, status int) {
	g.t.Helper()
	g.does(g.tab.Visit(g.shop + path))
	g.sees(status)
}

// clicks what reads so; the page that follows is all right.
func (g guest) clicks(name string) {
	g.t.Helper()
	g.does(g.tab.Click(name))
	g.sees(http.StatusOK)
}

// sends the form by the button that reads so, and sees the status.
func (g guest) sends(button string, status int) {
	g.t.Helper()
	g.does(g.tab.Click(button))
	g.sees(status)
}

func (g guest) sees(status int, texts ...string) {
	g.t.Helper()
	if got := g.tab.Status(); got != status {
		at, _ := g.tab.URL()
		text, _ := g.tab.Text()
		g.t.Fatalf("%s: status = %d, want %d:\n%s", at, got, status, text)
	}
	g.reads(texts...)
}

// reads the texts on the page.
func (g guest) reads(texts ...string) {
	g.t.Helper()
	page := g.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			g.t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

// misses the texts: the page does not have them.
func (g guest) misses(texts ...string) {
	g.t.Helper()
	page := g.text()
	for _, text := range texts {
		if strings.Contains(page, text) {
			g.t.Errorf("the page has %q:\n%s", text, page)
		}
	}
}

func (g guest) text() string {
	g.t.Helper()
	text, err := g.tab.Text()
	g.does(err)
	return text
}

// isAt tells that the address is that path of the shop.
func (g guest) isAt(path string) {
	g.t.Helper()
	at, err := g.tab.URL()
	g.does(err)
	if at != g.shop+path {
		g.t.Errorf("at %s, want %s%s", at, g.shop, path)
	}
}

// offered reports whether the page has a link or a button that reads so.
func (g guest) offered(name string) bool {
	g.t.Helper()
	offered, err := g.tab.Offers(name)
	g.does(err)
	return offered
}

// signsIn fills the login page, which must be there.
func (g guest) signsIn(name string) {
	g.t.Helper()
	p := use(g.t).person(name)
	g.does(g.tab.Fill("Email", p.Email), g.tab.Fill("Password", p.Password), g.tab.Click("Sign in"))
	g.sees(http.StatusOK)
}

// comesIn signs in from the front page.
func (g guest) comesIn(name string) {
	g.t.Helper()
	g.visits("/", http.StatusOK)
	g.clicks("Sign in")
	g.signsIn(name)
	g.reads("Sign out")
}

// looks at the page in every way, and at what is wrong with it.
func (g guest) looks(name string) {
	g.t.Helper()
	for _, view := range chrome.Views {
		g.does(g.tab.Show(view))
		faults, err := g.tab.Audit()
		g.does(err)
		for _, fault := range faults {
			g.t.Errorf("%s, %s: %s", name, view.Name, fault)
		}
		g.does(g.tab.Screenshot(filepath.Join(use(g.t).root, ".data", "screenshots", fmt.Sprintf("%s-%s.png", name, view.Name)), view))
	}
	g.does(g.tab.Show(chrome.Views[0]))
}

// losesTheCatalog sees what the shop shows without one. It is the last journey.
func losesTheCatalog(t *testing.T, g guest, s *stack.Stack) {
	g.t = t
	g.visits("/shop/1", http.StatusOK)
	g.visits("/", http.StatusOK)
	catalog, err := os.FindProcess(s.PIDs()[stack.Catalog])
	g.does(err, catalog.Signal(syscall.SIGKILL))
	g.visits("/shop/1", http.StatusServiceUnavailable)
	g.reads("Try again", "request")
	g.looks("503")
	g.visits("/", http.StatusOK)
	g.reads("cannot be reached", "as it was last seen")
	g.looks("home-away")
}
