package storefront_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestOffSale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.get(t, "admin", "/edit")
	if asked := s.last(t, http.MethodGet).URI; asked != "/admin/products?active=false&limit=50" {
		t.Errorf("the catalog was asked for %s", asked)
	}
	if !p.leadsTo("/edit/8") || !p.leadsTo("/edit?cursor=c8") || p.leadsTo("/shop/8") || !strings.Contains(p.text(), "Chipped cup KIT-0008 1.00 EUR") {
		t.Errorf("the page is\n%s", p.text())
	}
	s.get(t, "admin", "/edit?cursor=c8%26active%3Dtrue")
	if asked := s.last(t, http.MethodGet).URI; asked != "/admin/products?active=false&cursor=c8%26active%3Dtrue&limit=50" {
		t.Errorf("for its next page the catalog was asked for %s", asked)
	}
}

// The last page may be empty, once what was there is on sale again.
func TestOffSale_nothing(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("catalog GET /admin/products", j{"products": []any{}})
	for target, want := range map[string]string{"/edit": "Everything is on sale", "/edit?cursor=c8": "Nothing more is off sale"} {
		if p := s.get(t, "admin", target); !strings.Contains(p.text(), want) || p.StatusCode != http.StatusOK || strings.Contains(p.text(), "First page") != (target != "/edit") {
			t.Errorf("%s is\n%s", target, p.text())
		}
	}
}
