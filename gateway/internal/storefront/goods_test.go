package storefront_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"storefront/gateway/internal/storefront"
)

// stocked is a shop whose first branch has so many products, the last two of which run low.
func stocked(t testing.TB, n int) *shop {
	t.Helper()
	s := newShop(t)
	levels := make([]storefront.Level, n)
	for i := range levels {
		levels[i] = storefront.Level{ProductID: int64(i + 1), Name: fmt.Sprintf("Product %03d", i+1), Quantity: int64(100 + i)}
	}
	levels[n-2].Quantity, levels[n-1].Quantity = 3, 0
	levels[n-1].Name = "Écru <b>rug</b>"
	s.say("inventory GET /branches/1/products", j{"branch": branch, "products": levels})
	return s
}

// names are the products in the table of the page.
func (p page) names() (names []string) {
	for _, n := range p.all("th") {
		if attr(n, "scope") != "row" {
			continue
		}
		for a := range n.Descendants() {
			if a.Type == html.ElementNode && a.Data == "a" {
				names = append(names, text(a))
			}
		}
	}
	return names
}

// A branch shows the first of its goods, those that somebody looks for, or those that run low.
func TestBranch_goods(t *testing.T) {
	t.Parallel()
	s := stocked(t, 60)
	const rug = "Écru <b>rug</b>"
	for query, want := range map[string]struct {
		shown       int
		first, last string
		more        string // where the rest is
	}{
		"":                             {20, "Product 001", "Product 020", "/stock/1?show=all"},
		"?show=all":                    {60, "Product 001", rug, ""},
		"?show=low":                    {2, "Product 059", rug, ""},
		"?show=nonsense":               {20, "Product 001", "Product 020", "/stock/1?show=all"},
		"?find=product+01":             {10, "Product 010", "Product 019", ""},
		"?find=PRODUCT":                {20, "Product 001", "Product 020", "/stock/1?find=PRODUCT&show=all"},
		"?find=PRODUCT&show=all":       {59, "Product 001", "Product 059", ""},
		"?find=+%C3%A9cru+":            {1, rug, rug, ""},
		"?find=%FFrug":                 {1, rug, rug, ""},
		"?find=%3Cb%3Erug&show=low":    {1, rug, rug, ""},
		"?find=product+001&show=low":   {0, "", "", ""},
		"?find=no+such+thing&show=all": {0, "", "", ""},
	} {
		p := s.get(t, "branch-manager", "/stock/1"+query)
		names := p.names()
		if p.StatusCode != http.StatusOK || len(names) != want.shown {
			t.Errorf("%q = %d with %d products, want %d", query, p.StatusCode, len(names), want.shown)
			continue
		}
		if want.shown > 0 && (names[0] != want.first || names[len(names)-1] != want.last) {
			t.Errorf("%q shows %s to %s, want %s to %s", query, names[0], names[len(names)-1], want.first, want.last)
		}
		if (want.shown == 0) != strings.Contains(p.text(), "Nothing like that lies here") {
			t.Errorf("%q: %s", query, p.text())
		}
		if offered := strings.Contains(p.text(), " more "); offered != (want.more != "") || offered && !p.leadsTo(want.more) {
			t.Errorf("%q leads to %v, want %q", query, p.links(), want.more)
		}
		checkInert(t, p)
		checkFields(t, p)
	}
}

// What somebody looked for stays in the field, and goes along to those that run low.
func TestBranch_keepsTheSearch(t *testing.T) {
	t.Parallel()
	s := stocked(t, 60)
	const evil = `"><script>alert(1)</script>`
	p := s.get(t, "admin", "/stock/1?find="+url.QueryEscape(evil))
	if p.value("find") != evil || !p.leadsTo("/stock/1?find="+url.QueryEscape(evil)+"&show=low") || !p.leadsTo("/stock/1") {
		t.Errorf("the search is %q, leads to %v", p.value("find"), p.links())
	}
	checkInert(t, p)
	if p := s.get(t, "admin", "/stock/1?find="+strings.Repeat("%C3%A9", 300)); len([]rune(p.value("find"))) != 100 {
		t.Errorf("a search of %d characters is kept", len([]rune(p.value("find"))))
	}
	for _, seen := range []string{"All 60", "Running low 2", "Show 40 more"} {
		if p := s.get(t, "admin", "/stock/1"); !strings.Contains(p.text(), seen) {
			t.Errorf("the branch does not say %q: %s", seen, p.text())
		}
	}
}
