package storefront_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"storefront/gateway/internal/storefront"
)

func TestBranches(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	for as, says := range map[string]string{"admin": "these are all branches", "branch-manager": "the branches that you manage"} {
		p := s.get(t, as, "/stock")
		if !strings.Contains(p.text(), says) || !p.leadsTo("/stock/1") || !p.leadsTo("/stock/3") || !strings.Contains(p.text(), "Old Mill Freiburg") {
			t.Errorf("%s sees %s", as, p.text())
		}
	}
	s.say("inventory GET /branches", j{"branches": []any{}})
	for as, says := range map[string]string{"admin": "The shop has no branch.", "branch-manager": "An admin can assign one to you"} {
		if p := s.get(t, as, "/stock"); p.StatusCode != http.StatusOK || !strings.Contains(p.text(), says) {
			t.Errorf("%s without branches sees %s", as, p.text())
		}
	}
}

func TestBranch(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("inventory GET /branches/1/products", j{"branch": branch, "products": []storefront.Level{
		{ProductID: 1, Name: "Espresso cup", Quantity: 11}, {ProductID: 2, Name: "Desk lamp"}, {ProductID: 3, Name: "Tea pot", Quantity: 3}, {ProductID: 4, Name: "Rug", Quantity: 4},
	}})
	p := s.get(t, "admin", "/stock/1")
	for _, seen := range []string{"Espresso cup 11", "Desk lamp none left 0", "Tea pot few left 3", "Rug 4", "−2 Espresso cup transfer branch 3 for the window 23 Nov 2026, 10:00 UTC , 11 afterwards"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the branch does not show %q: %s", seen, p.text())
		}
	}
	for _, target := range []string{"/shop/4", "/stock/1/move", "/stock/1/move?product=4", "/stock/1?cursor=31#movements"} {
		if !p.leadsTo(target) {
			t.Errorf("the branch does not lead to %s", target)
		}
	}
	if p.leadsTo("/stock/1#movements") {
		t.Error("the first page of movements leads to itself")
	}
	later := s.get(t, "admin", "/stock/1?cursor=31&limit=9999")
	s.mu.Lock()
	asked := fmt.Sprint(s.asked)
	s.mu.Unlock()
	if !later.leadsTo("/stock/1#movements") || !strings.Contains(asked, "/branches/1/movements?cursor=31&limit=10") {
		t.Errorf("a later page leads to %v, asked %s", later.links(), asked)
	}
	s.say("inventory GET /branches/1/movements", refuse(http.StatusBadRequest, "malformed"))
	if p := s.get(t, "admin", "/stock/1?cursor=x"); p.StatusCode != http.StatusBadRequest || !strings.Contains(p.text(), "malformed, request") {
		t.Errorf("a bad cursor = %d %s", p.StatusCode, p.text())
	}
}

// A shop may have many branches: the page of a product asks once, and shows some of them.
func TestProduct_manyBranches(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	branches := make([]j, 40)
	for i := range branches {
		branches[i] = j{"id": i + 1, "name": fmt.Sprintf("Branch-%d.", i+1), "city": "Town", "quantity": 100 + i}
	}
	s.say("inventory GET /products/1/stock", j{"product_id": 1, "branches": branches})
	p := s.get(t, "admin", "/shop/1")
	for _, seen := range []string{"Branch-1. Town 100", "Branch-24. Town 123", "There are more branches"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the product does not show %q: %s", seen, p.text())
		}
	}
	if strings.Contains(p.text(), "Branch-25.") || !p.leadsTo("/stock") {
		t.Errorf("the product shows more than it should: %s", p.text())
	}
	if asked := len(s.asked); asked != 2 {
		t.Errorf("the page asks %d times, want once for the product and once for its stock", asked)
	}
	s.say("inventory GET /products/1/stock", j{"branches": branches[:24]})
	if p := s.get(t, "admin", "/shop/1"); strings.Contains(p.text(), "There are more branches") || !strings.Contains(p.text(), "Branch-24.") {
		t.Errorf("of 24 branches the product shows %s", p.text())
	}
}

// The form to move offers what lies in the branch, and names what it is about for those who cannot see the rest of the row.
func TestMoveForm(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.get(t, "admin", "/stock/1/move?product=1")
	for _, seen := range []string{"At Harbour Street, Hamburg.", "Espresso cup (11)", "Desk lamp (0)", "Old Mill, Freiburg", "Transfer to another branch"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the form does not show %q: %s", seen, p.text())
		}
	}
	if p.value("kind") != "" || p.value("to_branch") != "" || p.byID("to_branch") == nil {
		t.Errorf("the form has chosen %q to %q by itself", p.value("kind"), p.value("to_branch"))
	}
	if p := s.get(t, "admin", "/stock/1/move?product=nothing"); p.StatusCode != http.StatusOK || p.value("product_id") != "" {
		t.Errorf("for a product that is not here = %d, %q", p.StatusCode, p.value("product_id"))
	}
	if p := s.get(t, "branch-manager", "/stock/1"); !strings.Contains(p.text(), "Move Espresso cup") {
		t.Error("links that look the same do not say what they are about")
	}
}
