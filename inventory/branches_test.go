package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth/authtest"
	"storefront/shared/database/databasetest"
)

func TestBranches(t *testing.T) {
	t.Parallel()
	admin, of1 := people(t)
	list := func(c client) (ids []int64) {
		for _, b := range read[struct{ Branches []stock.Branch }](t, c.send(http.MethodGet, "/branches", "")).Branches {
			ids = append(ids, b.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]int64{1, 2, 3, 4, 5}, list(admin)); diff != "" {
		t.Errorf("admin sees (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]int64{1}, list(of1)); diff != "" {
		t.Errorf("the manager sees (-want +got)\n%s", diff)
	}
}

// A manager of none, and a shop of none, have lists and not null.
func TestBranches_none(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h, _ := newShop(t, iss, Config{}, databasetest.SQLite(t))
	for _, role := range []string{"admin", "branch-manager"} {
		w := get(h, "/branches", iss.UserToken(t, authtest.Claims{"roles": []string{role}}))
		if w.Code != http.StatusOK || w.Body.String() != `{"branches":[]}` {
			t.Errorf("%s: %d %s", role, w.Code, w.Body)
		}
	}
}

// Where a product lies: an admin sees every branch, a manager the own ones alone, whatever stands in the request.
func TestProductStock(t *testing.T) {
	t.Parallel()
	admin, of1 := people(t)
	none := client{admin.Handler, authtest.New(t, "HS256").UserToken(t, authtest.Claims{"roles": []string{"branch-manager"}})}
	if w := none.send(http.MethodGet, "/products/1/stock", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("a token of another issuer = %d", w.Code)
	}
	const harbour = `{"id":1,"name":"Harbour Street","city":"Hamburg","quantity":%d}`
	for _, target := range []string{"/products/1/stock", "/products/1/stock?branch=2&subject=other"} {
		w := of1.send(http.MethodGet, target, "")
		if want := `{"branches":[` + fmt.Sprintf(harbour, 11) + `],"product_id":1}`; w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("the manager gets %s of %s, want %s", w.Body, target, want)
		}
	}
	type answer struct{ Branches []stock.Holding }
	for _, product := range []int64{1, 2, 24, 99999} {
		got := read[answer](t, admin.send(http.MethodGet, fmt.Sprintf("/products/%d/stock", product), "")).Branches
		if len(got) != 5 {
			t.Errorf("product %d lies in %+v, want the five branches", product, got)
		}
		for i, h := range got {
			if want := max(0, quantity(t, admin, h.ID, product)); h.ID != int64(i+1) || h.Name == "" || h.Quantity != want {
				t.Errorf("of product %d in branch %d there is %+v, want %d", product, i+1, h, want)
			}
		}
	}
	admin.send(http.MethodPost, in1, `{"kind":"receive","product_id":1,"quantity":4}`)
	if got := read[answer](t, of1.send(http.MethodGet, "/products/1/stock", "")).Branches; got[0].Quantity != 15 {
		t.Errorf("after 4 came there is %+v", got)
	}
}

// Who manages no branch gets an empty list, and not null.
func TestProductStock_none(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	w := get(h, "/products/1/stock", iss.UserToken(t, authtest.Claims{"roles": []string{"branch-manager"}}))
	if w.Code != http.StatusOK || w.Body.String() != `{"branches":[],"product_id":1}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestCreateBranch(t *testing.T) {
	t.Parallel()
	admin, _ := people(t)
	w := admin.send(http.MethodPost, "/branches", `{"name":"New Bridge","city":"Köln"}`)
	at := w.Header().Get("Location")
	if b := read[stock.Branch](t, w); w.Code != http.StatusCreated || b != (stock.Branch{ID: 6, Name: "New Bridge", City: "Köln"}) || at != "/branches/6/products" {
		t.Errorf("POST = %d %s at %s", w.Code, w.Body, at)
	}
	if body := admin.send(http.MethodGet, at, "").Body.String(); body != `{"branch":{"id":6,"name":"New Bridge","city":"Köln"},"products":[]}` {
		t.Errorf("the new branch is %s", body)
	}
	for body, want := range map[string]string{
		`{"name":"a"}`: "400 city", `{"name":"a","city":"b","id":1}`: "400 id", `{"name":"","city":" "}`: "422 name city", `{"name":"a\nb","city":"c"}`: "422 name",
	} {
		w := admin.send(http.MethodPost, "/branches", body)
		if got := fmt.Sprint(w.Code, " ", read[refusal](t, w).text()); got != want {
			t.Errorf("%s = %s, want %s", body, got, want)
		}
	}
}

func TestManagers(t *testing.T) {
	t.Parallel()
	admin, of1 := people(t)
	subjects := func(branch string) string {
		var all []string
		for _, m := range read[struct{ Managers []stock.Manager }](t, admin.send(http.MethodGet, "/branches/"+branch+"/managers", "")).Managers {
			if all = append(all, m.Subject); m.Since.IsZero() {
				t.Errorf("%+v since when?", m)
			}
		}
		return strings.Join(all, " ")
	}
	try := func(method, target string, want int) {
		if w := admin.send(method, target, ""); w.Code != want || want == http.StatusNoContent && w.Body.Len() > 0 {
			t.Errorf("%s %s = %d %s, want %d", method, target, w.Code, w.Body, want)
		}
	}
	for range 2 { // the second changes nothing
		try(http.MethodPut, "/branches/2/managers/"+manager, 204)
		try(http.MethodPut, "/branches/2/managers/A_b-7", 204)
	}
	if got := subjects("2"); got != manager+" A_b-7" {
		t.Errorf("managers of 2 are %q", got)
	}
	if w := of1.send(http.MethodGet, "/branches/2/products", ""); w.Code != http.StatusOK {
		t.Errorf("who was added gets %d", w.Code)
	}
	for range 2 {
		try(http.MethodDelete, "/branches/2/managers/"+manager, 204)
	}
	if w := of1.send(http.MethodGet, "/branches/2/products", ""); w.Code != http.StatusForbidden || subjects("2") != "A_b-7" || subjects("1") != manager {
		t.Errorf("who was removed gets %d; managers of 2 are %q, of 1 %q", w.Code, subjects("2"), subjects("1"))
	}
	for _, bad := range []string{"a@example.com", "a.b", strings.Repeat("a", 65), "a'b", "*"} {
		try(http.MethodPut, "/branches/2/managers/"+bad, 400)
		try(http.MethodDelete, "/branches/2/managers/"+bad, 400)
	}
	try(http.MethodPut, "/branches/2/managers/"+strings.Repeat("a", 64), 204)
	try(http.MethodPut, "/branches/2/managers/", 404)
}

func TestAuditBranches(t *testing.T) {
	t.Parallel()
	admin, _ := people(t)
	admin.send(http.MethodPost, "/branches", `{"name":"a","city":"b"}`, "X-Request-Id", "request-1")
	admin.send(http.MethodPut, "/branches/6/managers/someone", "", "X-Request-Id", "request-2")
	admin.send(http.MethodPut, "/branches/6/managers/someone", "", "X-Request-Id", "request-3") // changes nothing
	admin.send(http.MethodDelete, "/branches/6/managers/someone", "", "X-Request-Id", "request-4")
	type page struct {
		Entries []stock.Change
		Next    string
	}
	first := read[page](t, admin.send(http.MethodGet, "/audit/branches?limit=1", ""))
	second := read[page](t, admin.send(http.MethodGet, "/audit/branches?branch=6&limit=2&cursor="+first.Next, ""))
	var got []string
	for _, e := range append(first.Entries, second.Entries...) {
		got = append(got, fmt.Sprintf("%s %d %s, %s, %t", e.Action, e.BranchID, e.Manager, e.RequestID, e.Subject == authtest.Subject && !e.At.IsZero()))
	}
	want := []string{"remove-manager 6 someone, request-4, true", "add-manager 6 someone, request-2, true", "create-branch 6 , request-1, true"}
	if diff := cmp.Diff(want, got); diff != "" || second.Next != "" {
		t.Errorf("next %q (-want +got)\n%s", second.Next, diff)
	}
	for _, query := range []string{"limit=0", "branch=x", "cursor=-1"} {
		if w := admin.send(http.MethodGet, "/audit/branches?"+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", query, w.Code)
		}
	}
}
