package storefront_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/upstream"
)

// listed is the query with which the catalog was last asked for a page of the grid.
func (s *shop) listed(t testing.TB) (upstream.Message, url.Values) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range slices.Backward(s.asked) {
		if u, err := url.Parse(m.URI); err == nil && u.Query().Get("limit") == "12" {
			return m, u.Query()
		}
	}
	t.Fatal("the catalog was not asked for a page")
	return upstream.Message{}, nil
}

func TestHome_search(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for target, want := range map[string]string{
		"/":                                      "limit=12",
		"/?q=+cup+&category=kitchen&sort=-price": "category=kitchen&limit=12&q=cup&sort=-price",
		"/?cursor=c2&sort=name":                  "cursor=c2&limit=12&sort=name",
		"/?utm_source=mail&limit=100":            "limit=12",
		"/?q=" + strings.Repeat("%C3%A9", 200):   "limit=12&q=" + strings.Repeat("%C3%A9", 100),
		"/?q=%FF%FEcup":                          "limit=12&q=cup",
	} {
		s.get(t, "", target)
		if _, got := s.listed(t); got.Encode() != want {
			t.Errorf("%s asks for %s, want %s", target, got.Encode(), want)
		}
	}
	p := s.get(t, "", "/?q=cup&category=kitchen&sort=price&cursor=c1")
	for _, target := range []string{
		"/shop/1", "/?category=kitchen&cursor=c2&q=cup&sort=price", // the next page
		"/?category=kitchen&q=cup&sort=price", "/?q=cup&sort=price", "/?category=office&q=cup&sort=price", // the first, another category
	} {
		if !p.leadsTo(target) {
			t.Errorf("the page leads to %v, want %s", p.links(), target)
		}
	}
	if p.value("q") != "cup" || p.value("sort") != "price" || p.value("category") != "kitchen" {
		t.Errorf("the form has %q, %q, %q", p.value("q"), p.value("sort"), p.value("category"))
	}
}

func TestHome_nothingFound(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("public GET /products", j{"products": []any{}})
	if p := s.get(t, "", "/?q=zebra"); p.StatusCode != http.StatusOK || !strings.Contains(p.text(), "Nothing like that here") || !strings.Contains(p.text(), "Products for “zebra”") {
		t.Errorf("= %d %s", p.StatusCode, p.text())
	}
	s.say("public GET /products", refuse(http.StatusBadRequest, "malformed"))
	if p := s.get(t, "", "/?sort=odd"); p.StatusCode != http.StatusBadRequest || !strings.Contains(p.text(), "does not understand this search") {
		t.Errorf("an odd search = %d %s", p.StatusCode, p.text())
	}
}

// The list of all stands in while the catalog is away, and is waited for no longer than a moment; a search has nothing to stand in.
func TestHome_away(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.get(t, "", "/?q=cup")
	s.get(t, "", "/")
	if m, _ := s.listed(t); m.Within != 2*time.Second {
		t.Errorf("the first page waits %v", m.Within)
	}
	s.say("public GET /products", errSilent)
	p := s.get(t, "", "/")
	if m, _ := s.listed(t); m.Within != 200*time.Millisecond {
		t.Errorf("a page with something to show waits %v", m.Within)
	}
	if p.StatusCode != http.StatusOK || !strings.Contains(p.text(), "as it was last seen") || !strings.Contains(p.text(), "Espresso cup") {
		t.Errorf("= %d %s", p.StatusCode, p.text())
	}
	if p := s.get(t, "", "/?q=cup"); !strings.Contains(p.text(), "Please come back in a minute") || strings.Contains(p.text(), "Espresso cup") {
		t.Errorf("a search = %d %s", p.StatusCode, p.text())
	}
	if p := s.get(t, "", "/"); !p.leadsTo("/?category=office") {
		t.Error("the categories are forgotten")
	}
}

// Every service that is away leaves a page that says so, within the time that a person waits.
func TestPages_whileServicesAreAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for question := range s.answers {
		s.say(question, errSilent)
	}
	for _, target := range []string{"/shop/1", "/stock", "/stock/1", "/stock/1/move", "/edit/1"} {
		p := s.get(t, "admin", target)
		if p.StatusCode != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" || !p.leadsTo(target) {
			t.Errorf("%s = %d %s", target, p.StatusCode, p.text())
		}
	}
	for _, m := range s.asked {
		if m.Within <= 0 || m.Within > 5*time.Second {
			t.Errorf("%s waits %v", m.URI, m.Within)
		}
	}
}
