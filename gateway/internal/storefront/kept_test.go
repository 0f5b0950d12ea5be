package storefront_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"storefront/shared/auth"
)

// A kept form shows what was typed as it was seen, and sends on what was typed as it was.
func TestKept_readsAsTheFormDid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for _, tt := range []struct {
		target string
		form   url.Values
		shows  []string
		hides  []string
	}{
		{"/stock/1/move", moving("kind", "adjust", "quantity", "-2"), []string{"What happens Correct after counting", "Product Espresso cup", "Quantity −2", "Note delivery 12"}, []string{"adjust", "KEY0123456789"}},
		{"/stock/1/move", moving("kind", "transfer", "to_branch", "3"), []string{"What happens Transfer to another branch", "To branch branch 3"}, nil},
		{"/stock/1/move", moving("product_id", "404"), []string{"Product number 404"}, nil},
		{"/stock/1/move", moving("product_id", "<b>1</b>", "kind", "<i>steal</i>"), []string{"Product number <b>1</b>", "What happens <i>steal</i>"}, nil},
		{"/stock/1/move", moving("product_id", "", "other", "9"), []string{"Or the number of another product 9"}, []string{"Product number"}},
		{"/edit/1", typed(), []string{"On sale yes", "Price 39,5", "Currency eur", "Article number (SKU) KIT-0009"}, []string{"version"}},
	} {
		p := s.post(t, "", tt.target, tt.form)
		for _, shown := range tt.shows {
			if !strings.Contains(p.text(), shown) {
				t.Errorf("%s %v does not show %q: %s", tt.target, tt.form, shown, p.text())
			}
		}
		for _, hidden := range tt.hides {
			if strings.Contains(p.text(), hidden) {
				t.Errorf("%s %v shows %q: %s", tt.target, tt.form, hidden, p.text())
			}
		}
		checkInert(t, p)
		for name := range p.form(tt.target) {
			if p.form(tt.target).Get(name) != strings.TrimSpace(tt.form.Get(name)) && name != "description" && name != "name" {
				t.Errorf("%s: %s would be sent as %q, and was %q", tt.target, name, p.form(tt.target).Get(name), tt.form.Get(name))
			}
		}
	}
}

// No name is waited for where a service is the trouble, or where the catalog does not say it.
func TestKept_withoutNames(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	before := len(s.asked)
	p := s.post(t, "admin", "/stock/1/move", moving(), "Store", "away")
	if p.StatusCode != http.StatusServiceUnavailable || !strings.Contains(p.text(), "Product number 1") || len(s.asked) > before {
		t.Errorf("= %d %s, after %d questions", p.StatusCode, p.text(), len(s.asked)-before)
	}
	s.say("public GET /products/1", errSilent)
	if p := s.post(t, "", "/stock/1/move", moving()); p.StatusCode != http.StatusUnauthorized || !strings.Contains(p.text(), "Product number 1") {
		t.Errorf("while the catalog is away = %d %s", p.StatusCode, p.text())
	}
}

// A form that is all right but for who sends it changes nothing, and asks no service.
func TestForms_forced(t *testing.T) {
	t.Parallel()
	for target, tt := range map[string]struct {
		form url.Values
		may  []auth.Role
	}{
		"/edit/1":       {typed(), []auth.Role{auth.Admin}},
		"/edit/new":     {typed(), []auth.Role{auth.Admin}},
		"/stock/1/move": {moving("step", "record"), []auth.Role{auth.Admin, auth.BranchManager}},
	} {
		for _, role := range auth.Roles() {
			s := newShop(t)
			p := s.post(t, string(role), target, tt.form)
			if slices.Contains(tt.may, role) {
				if p.StatusCode != http.StatusSeeOther {
					t.Errorf("%s by %s = %d %s", target, role, p.StatusCode, p.text())
				}
				continue
			}
			if p.StatusCode != http.StatusForbidden || len(s.asked) > 0 || p.leadsTo(target) {
				t.Errorf("%s forced by %s = %d, after %d questions, leads to %v", target, role, p.StatusCode, len(s.asked), p.links())
			}
		}
	}
	s := newShop(t)
	s.say("inventory GET /branches", j{"branches": []any{branch}})
	p := s.post(t, "branch-manager", "/stock/1/move", moving("kind", "transfer", "to_branch", "3", "step", "record"))
	if p.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(text(p.byID("kind-fault")), "one of these") {
		t.Errorf("a transfer by whoever has one branch = %d, beside it stands %q", p.StatusCode, text(p.byID("kind-fault")))
	}
	for _, m := range s.asked {
		if m.Method != http.MethodGet {
			t.Errorf("%s %s was forced", m.Method, m.URI)
		}
	}
}
