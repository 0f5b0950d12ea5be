package storefront_test

import (
	"net/http"
	"strings"
	"testing"

	"storefront/gateway/internal/storefront"
)

// Another package gives a body; the shop puts its dress around it, with whoever is signed in.
func TestDress(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for as, says := range map[string]string{"": "Sign in", "admin": "Jo Example"} {
		p := s.get(t, as, "/dressed")
		if p.StatusCode != http.StatusOK || p.heading() != "Of another package" || text(p.all("title")[0]) != "A guest · Storefront" || !strings.Contains(p.text(), says) {
			t.Errorf("as %q = %d %s", as, p.StatusCode, p.text())
		}
		checkHeader(t, p)
		checkLandmarks(t, p)
	}
	if res, _, _ := s.fetch(t, "/dressed", "Accept-Encoding", "gzip", "As", "admin"); res.Header.Get("Content-Encoding") != "" {
		t.Error("a page with somebody's name on it is compressed")
	}
}

// The way to the tokens is offered where they are told of, and nowhere else.
func TestStory(t *testing.T) {
	t.Parallel()
	told, silent := newShop(t), newShop(t)
	silent.story = ""
	for _, target := range []string{"/", "/shop/1", "/nothing"} {
		if p := told.get(t, "", target); !p.leadsTo("/explain/told") {
			t.Errorf("%s does not lead to its tokens", target)
		}
		if p := silent.get(t, "", target); strings.Contains(p.body, "tokens behind") {
			t.Errorf("%s leads to tokens that nobody tells of", target)
		}
	}
}

func TestVisitor_initials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Jo Example": "JE", "Ana Maria de la Cruz": "AC", "madonna": "M", "Émile Zola": "ÉZ", "  Jo  ": "J", "": "?", "<b> x": "<X", "李 明": "李明",
	} {
		if got := (storefront.Visitor{Name: name}).Initials(); got != want {
			t.Errorf("the initials of %q are %q, want %q", name, got, want)
		}
	}
}
