package chrome_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/chrome"
)

// site serves pages by their path.
func site(t testing.TB, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[r.URL.Path]
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'")
		if !ok {
			w.WriteHeader(http.StatusNotFound)
		}
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "yes"})
		_, cookie := r.Cookie("seen")
		_, _ = fmt.Fprintf(w, "%s<!-- -->", strings.NewReplacer("{cookie}", fmt.Sprint(cookie == nil), "{query}", r.URL.Query().Encode()).Replace(page))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func start(t testing.TB) *chrome.Browser {
	t.Helper()
	b, err := chrome.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func window(t testing.TB, b *chrome.Browser) *chrome.Tab {
	t.Helper()
	tab, err := b.Window()
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

const formPage = `<!doctype html><html lang="en"><title>A form</title><main><h1>A form</h1><p>cookie {cookie}</p><form action="/sent">
<label for="n">Name <span>optional</span></label><input id="n" name="n" value="old">
<label for="s">Size</label><select id="s" name="s"><option value="1">small</option><option value="2">large (3)</option></select>
<label><input type="radio" name="c" value="red"> Red</label><button>Send<span> it</span></button></form><a href="/there" target="_blank">There</a></main>`

// The browser in one test: it takes a second to start.
func TestBrowser(t *testing.T) {
	if os.Getenv("BROWSER") != "1" { //nolint:forbidigo // the switch of the browser's tests
		t.Skip("needs Chromium: make check-browser")
	}
	t.Parallel()
	b := start(t)
	url := site(t, map[string]string{"/": formPage, "/sent": "<title>Sent</title>{query}", "/there": "<title>There</title>you are there", "/good": good})
	t.Run("fills a form and sends it", func(t *testing.T) {
		tab := window(t, b)
		must(t, tab.Visit(url+"/"), tab.Fill("Name", "new"), tab.Choose("Size", "large"), tab.Tick("Red"), tab.Click("Send it"))
		text, err := tab.Text()
		if err != nil || !strings.Contains(text, "c=red&n=new&s=2") || tab.Status() != http.StatusOK {
			t.Errorf("status %d, %q, %v", tab.Status(), text, err)
		}
	})
	t.Run("windows know nothing of each other, tabs of one do", func(t *testing.T) {
		first := window(t, b)
		must(t, first.Visit(url+"/"))
		second, err := first.NewTab()
		must(t, err, second.Visit(url+"/"))
		other := window(t, b)
		must(t, other.Visit(url+"/"))
		for name, tab := range map[string]*chrome.Tab{"cookie true": second, "cookie false": other} {
			if text, err := tab.Text(); err != nil || !strings.Contains(text, name) {
				t.Errorf("%q, %v, want %s in it", text, err, name)
			}
		}
		must(t, first.DropCookies(), first.Visit(url+"/"))
		if text, _ := first.Text(); !strings.Contains(text, "cookie false") {
			t.Errorf("%q after the cookies were dropped", text)
		}
	})
	t.Run("goes back, and into a tab that a link opens", func(t *testing.T) {
		tab := window(t, b)
		must(t, tab.Visit(url+"/"), tab.Visit(url+"/nowhere"))
		if tab.Status() != http.StatusNotFound {
			t.Errorf("status = %d, want 404", tab.Status())
		}
		must(t, tab.Back())
		if text, err := tab.Text(); err != nil || !strings.Contains(text, "A form") {
			t.Errorf("%q, %v after going back", text, err)
		}
		must(t, tab.Visit(url+"/"))
		child, err := tab.ClickToTab("There")
		must(t, err)
		if at, err := child.URL(); err != nil || at != url+"/there" {
			t.Errorf("the tab is at %s, %v", at, err)
		}
	})
	t.Run("tells where the focus is", func(t *testing.T) {
		tab := window(t, b)
		must(t, tab.Visit(url+"/good"), tab.Press("\t"))
		stop, err := tab.Focus()
		if want := (chrome.Stop{Name: "Bold", Outline: 2, Inside: true}); err != nil || stop != want {
			t.Errorf("Focus() = %+v, %v, want %+v", stop, err, want)
		}
	})
	t.Run("writes what it sees", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "shots", "good.png")
		tab := window(t, b)
		must(t, tab.Show(chrome.Views[1]), tab.Visit(url+"/good"), tab.Screenshot(path, chrome.Views[1]))
		if png, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(png), "\x89PNG") {
			t.Errorf("%d bytes, %v", len(png), err)
		}
	})
	t.Run("names the step that fails", func(t *testing.T) {
		if err := window(t, b).Visit("http://127.0.0.1:1/"); err == nil || !strings.Contains(err.Error(), "visit http://127.0.0.1:1/") {
			t.Errorf("Visit(a closed port) = %v", err)
		}
	})
	t.Run("audit", func(t *testing.T) { testAudit(t, b) })
}

// good is a page without a fault; each row of the table below breaks it.
const good = `<!doctype html><html lang="en"><head><title>Good</title><meta name="viewport" content="width=device-width">
<style>a{display:inline-block;min-height:24px;min-width:24px;color:#00c}input,button{min-height:30px;border:1px solid #555;color:#000;background:#fff}:focus{outline:2px solid #00c}</style></head>
<body style="background:#fff;color:#222"><header><nav aria-label="Shop"><a href="/b">Bold</a></nav></header><main><h1>Good</h1><h2>Part</h2>
<p>A text.</p><label for="q">Search</label><input id="q"><button>Go</button><img alt="" src="/x"></main></body></html>`

// tiny is a button that is too near to the next.
const tiny = "display:block;min-height:0;height:12px;padding:0;border:0"

func testAudit(t *testing.T, b *chrome.Browser) {
	rows := []struct{ rules, old, new string }{
		{"", "A text.", "Another text."},
		{"lang", ` lang="en"`, ``},
		{"title", `<title>Good</title>`, ``},
		{"h1, heading order", `<h1>Good</h1>`, ``},
		{"h1", `<h2>Part</h2>`, `<h1>Two</h1>`},
		{"heading order", `<h2>Part</h2>`, `<h3>Part</h3>`},
		{"main, outside landmarks", `main>`, `section>`},
		{"landmark name", `<nav aria-label="Shop">`, `<nav aria-label="One"><a href="/c">C</a></nav><nav>`},
		{"outside landmarks", `</main>`, `</main><p>Lost</p>`},
		{"zoom", `width=device-width`, `width=device-width, user-scalable=no`},
		{"tabindex", `<input`, `<input tabindex="3"`},
		{"duplicate id, name", `<p>`, `<p id="q">`},
		{"dangling id", `<input`, `<input aria-describedby="gone"`},
		{"alt", ` alt=""`, ``},
		{"name", `<label for="q">Search</label>`, ``},
		{"name, target size", `>Go<`, `><`},
		{"legend", `<button>`, `<fieldset></fieldset><button>`},
		{"table header", `<button>`, `<table><tr><td>1</td></tr></table><button>`},
		{"contrast", `<p>`, `<p style="color:#999">`},
		{"contrast", `<p>`, `<p style="color:#22222280">`},
		{"contrast", `<p>`, `<p style="background:#0003;color:#777">`},
		{"contrast", `<input`, `<input style="border-color:#ccc"`},
		{"target size", `<button>`, `<button style="` + tiny + `">One</button><button style="` + tiny + `">`},
		{"overflow", `<p>`, `<p style="width:3000px">`},
	}
	pages := map[string]string{}
	for i, row := range rows {
		pages[fmt.Sprint("/", i)] = strings.ReplaceAll(good, row.old, row.new)
	}
	url := site(t, pages)
	tab := window(t, b)
	must(t, tab.Show(chrome.Views[0]))
	for i, row := range rows {
		must(t, tab.Visit(fmt.Sprint(url, "/", i)))
		faults, err := tab.Audit()
		must(t, err)
		var got []string
		for _, f := range faults {
			got = append(got, f.Rule)
		}
		if diff := cmp.Diff(row.rules, strings.Join(slices.Compact(got), ", ")); diff != "" {
			t.Errorf("%s for %s (-want +got):\n%s%v", row.new, row.old, diff, faults)
		}
	}
}
