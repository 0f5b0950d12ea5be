package storefront_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"storefront/shared/auth"
)

// Who may open what, and what a page of theirs leads to: what a role may not do is not offered, and refused when forced.
func TestRoles(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	type row struct{ everybody, signedIn, staff, admin int }
	statuses := map[string]row{ // for nobody, and the customers among those who are signed in
		"GET /":                            {200, 200, 200, 200},
		"GET /shop/1":                      {200, 200, 200, 200},
		"GET /account":                     {302, 200, 200, 200},
		"GET /signed-in":                   {302, 200, 200, 200},
		"POST /account/sessions/phone/end": {401, 303, 303, 303},
		"GET /stock":                       {302, 403, 200, 200},
		"GET /stock/1":                     {302, 403, 200, 200},
		"GET /stock/1/move":                {302, 403, 200, 200},
		"POST /stock/1/move":               {401, 403, 422, 422},
		"GET /edit":                        {302, 403, 403, 200},
		"GET /edit/new":                    {302, 403, 403, 200},
		"POST /edit/new":                   {401, 403, 403, 422},
		"GET /edit/1":                      {302, 403, 403, 200},
		"POST /edit/1":                     {401, 403, 403, 422},
		"GET /stock/x":                     {302, 403, 400, 400},
		"GET /edit/0":                      {302, 403, 403, 400},
	}
	for request, want := range statuses {
		method, target, _ := strings.Cut(request, " ")
		for as, status := range map[string]int{"": want.everybody, "nothing": want.signedIn, "customer": want.signedIn, "anonymous": want.signedIn, "branch-manager": want.staff, "admin": want.admin} {
			before := len(s.asked)
			p := s.send(t, method, as, target, url.Values{})
			if p.StatusCode != status {
				t.Errorf("%s as %q = %d %s, want %d", request, as, p.StatusCode, p.heading(), status)
			}
			if status == http.StatusForbidden && len(s.asked) > before {
				t.Errorf("%s as %q reached a service", request, as)
			}
			if status == http.StatusFound && p.Header.Get("Location") != "/login?return_to="+url.QueryEscape(target) {
				t.Errorf("%s as %q leads to %s, which does not come back", request, as, p.Header.Get("Location"))
			}
		}
	}
}

func TestOffers(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("inventory GET /branches", j{"branches": []any{branch}})
	s.say("inventory GET /products/1/stock", j{"branches": []any{branch}})
	offers := map[string][]auth.Role{ // on the page of a product
		"/stock": {auth.Admin, auth.BranchManager}, "/stock/1": {auth.Admin, auth.BranchManager}, "/stock/1/move?product=1": {auth.Admin, auth.BranchManager},
		"/edit": {auth.Admin}, "/edit/new": {auth.Admin}, "/edit/1": {auth.Admin}, "/account": auth.Roles(), "/logout": auth.Roles(),
	}
	for _, role := range auth.Roles() {
		p := s.get(t, string(role), "/shop/1")
		for target, roles := range offers {
			if offered := p.leadsTo(target); offered != slices.Contains(roles, role) {
				t.Errorf("%s is offered %s: %v", role, target, offered)
			}
		}
		for _, seen := range []string{"Jo Example", string(role), "Sign out"} {
			if !strings.Contains(p.text(), seen) {
				t.Errorf("%s does not see %q", role, seen)
			}
		}
	}
	p := s.get(t, "", "/shop/1")
	if !p.leadsTo("/login?return_to=%2Fshop%2F1") || p.leadsTo("/account") || p.leadsTo("/stock") || strings.Contains(p.text(), "In stock") {
		t.Errorf("nobody is offered %v", p.links())
	}
	if kinds := s.get(t, "branch-manager", "/stock/1/move"); kinds.byID("kind-transfer") != nil || kinds.byID("to_branch") != nil || kinds.byID("kind-sell") == nil {
		t.Error("whoever has one branch is offered a transfer to another")
	}
}

// Only admins are asked about as themselves: they see what is off sale. Everybody else's question carries no token of theirs.
func TestProduct_offSale(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	off := cup
	off.Active = false
	s.say("catalog GET /products/1", off)
	s.say("public GET /products/1", refuse(http.StatusNotFound, "product-not-found"))
	for as, want := range map[string]int{"": 404, "customer": 404, "branch-manager": 404, "admin": 200} {
		p := s.get(t, as, "/shop/1")
		if p.StatusCode != want || strings.Contains(p.text(), "Not on sale") != (want == 200) {
			t.Errorf("%q sees %d %s", as, p.StatusCode, p.text())
		}
		if want == 404 && !strings.Contains(p.text(), "product-not-found, request") {
			t.Errorf("%q: %s, want the service's own code", as, p.text())
		}
	}
}

func TestProduct_stock(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	if p := s.get(t, "admin", "/shop/1"); !strings.Contains(p.text(), "Harbour Street Hamburg 11") || !strings.Contains(p.text(), "Old Mill Freiburg 4") {
		t.Errorf("an admin sees %s", p.text())
	}
	s.say("inventory GET /products/1/stock", errSilent)
	if p := s.get(t, "admin", "/shop/1"); p.StatusCode != http.StatusOK || !strings.Contains(p.text(), "stock cannot be reached") || !strings.Contains(p.text(), "9.05 EUR") {
		t.Errorf("while inventory is away: %d %s", p.StatusCode, p.text())
	}
}

func TestAccount(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	p := s.get(t, "branch-manager", "/account")
	for _, seen := range []string{"Jo Example", "jo@example.com", "branch-manager", "23 Nov 2026, 11:00 UTC"} {
		if !strings.Contains(p.text(), seen) {
			t.Errorf("the account does not show %q", seen)
		}
	}
	for _, target := range []string{"/account/sessions/phone/end", "/logout/everywhere", "/login?prompt=login"} {
		if !p.leadsTo(target) {
			t.Errorf("the account does not lead to %s", target)
		}
	}
	if p.leadsTo("/account/sessions/here/end") {
		t.Error("the account offers to end this very session, which is what signing out is for")
	}
	if p := s.post(t, "customer", "/account/sessions/phone/end", nil); p.Header.Get("Location") != "/account" || !slices.Equal(s.ended, []string{"phone"}) {
		t.Errorf("ending = %d to %s, ended %v", p.StatusCode, p.Header.Get("Location"), s.ended)
	}
}

// A branch that is not the manager's is inventory's to refuse.
func TestBranch_ofAnotherManager(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.say("inventory GET /branches/3/products", refuse(http.StatusForbidden, "role-missing"))
	s.say("inventory GET /branches/3/movements", refuse(http.StatusForbidden, "role-missing"))
	for _, target := range []string{"/stock/3", "/stock/3/move"} {
		if p := s.get(t, "branch-manager", target); p.StatusCode != http.StatusForbidden || !strings.Contains(p.text(), "This page is for admins and the managers of branch 3 You are branch-manager; this needs admin or branch-manager of branch 3. An admin can give you the branch, which counts at once,") {
			t.Errorf("%s = %d %s", target, p.StatusCode, p.text())
		}
	}
}
