package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth/authtest"
	"storefront/shared/problem"
)

// refusal is a problem with its fields.
type refusal struct {
	problem.Document
	Errors []problem.Field
}

func (r refusal) text() string {
	var fields []string
	for _, f := range r.Errors {
		fields = append(fields, f.Name)
	}
	return strings.Join(fields, " ")
}

// in1 is where movements of branch 1 are.
const in1 = "/branches/1/movements"

// quantity is what lies in a branch of a product.
func quantity(t testing.TB, c client, branch, product int64) int64 {
	t.Helper()
	w := c.send(http.MethodGet, fmt.Sprintf("/branches/%d/products", branch), "")
	for _, l := range read[struct{ Products []stock.Level }](t, w).Products {
		if l.ProductID == product {
			return l.Quantity
		}
	}
	return -1
}

func TestMove(t *testing.T) {
	t.Parallel()
	_, c := people(t)
	for _, tt := range []struct {
		body          string
		change, stock int64
		name, note    string
	}{
		{`{"kind":"receive","product_id":1,"quantity":9,"note":"delivery 7"}`, 9, 20, "Espresso cup", "delivery 7"},
		{`{"kind":"sell","product_id":1,"quantity":3}`, -3, 17, "Espresso cup", ""},
		{`{"kind":"adjust","product_id":1,"quantity":-17}`, -17, 0, "Espresso cup", ""},
		{`{"kind":"receive","product_id":900,"quantity":1,"name":"Egg timer"}`, 1, 1, "Egg timer", ""},
	} {
		w := c.send(http.MethodPost, in1, tt.body)
		m := read[stock.Movement](t, w)
		if w.Code != http.StatusCreated || m.Change != tt.change || m.Stock != tt.stock || m.Name != tt.name || m.Note != tt.note || m.BranchID != 1 {
			t.Fatalf("%s = %d %s", tt.body, w.Code, w.Body)
		}
		if got := quantity(t, c, 1, m.ProductID); got != tt.stock {
			t.Errorf("after %s there are %d, want %d", tt.body, got, tt.stock)
		}
		at := w.Header().Get("Location")
		if got := c.send(http.MethodGet, at, ""); at != fmt.Sprintf("%s/%d", in1, m.ID) || got.Body.String() != w.Body.String() {
			t.Errorf("Location %s has %s, want %s", at, got.Body, w.Body)
		}
	}
}

func TestMove_transfer(t *testing.T) {
	t.Parallel()
	admin, c := people(t)
	const both = `{"kind":"transfer","product_id":1,"quantity":4,"to_branch":2}`
	w := c.send(http.MethodPost, in1, both)
	if w.Code != http.StatusForbidden || quantity(t, admin, 1, 1) != 11 || quantity(t, admin, 2, 1) != 22 {
		t.Errorf("to another one's branch = %d %s, want 403 and nothing moved", w.Code, w.Body)
	}
	if w := admin.send(http.MethodPut, "/branches/2/managers/"+manager, ""); w.Code != http.StatusNoContent {
		t.Fatal(w.Body)
	}
	w = c.send(http.MethodPost, in1, both)
	if m := read[stock.Movement](t, w); w.Code != http.StatusCreated || m.Change != -4 || m.OtherBranch != 2 || quantity(t, c, 1, 1) != 7 || quantity(t, c, 2, 1) != 26 {
		t.Errorf("between own branches = %d %s", w.Code, w.Body)
	}
	if w := c.send(http.MethodPost, in1, `{"kind":"transfer","product_id":1,"quantity":8,"to_branch":2}`); w.Code != http.StatusConflict || quantity(t, c, 2, 1) != 26 {
		t.Errorf("of more than there is = %d %s, want 409 and nothing moved", w.Code, w.Body)
	}
}

func TestMove_refuses(t *testing.T) {
	t.Parallel()
	admin, _ := people(t)
	const sale = `{"kind":"sell","product_id":1,"quantity":1}`
	for name, tt := range map[string]struct {
		body   string
		want   int
		code   string
		fields string
	}{
		"no JSON":         {"sell=1", 400, "malformed", ""},
		"nothing in it":   {"{}", 400, "malformed", "kind product_id quantity"},
		"unknown":         {sale[:len(sale)-1] + `,"subject":"x"}`, 400, "malformed", "subject"},
		"twice":           {sale[:len(sale)-1] + `,"quantity":1}`, 400, "malformed", "quantity"},
		"a fraction":      {`{"kind":"sell","product_id":1,"quantity":1.5}`, 400, "malformed", "quantity"},
		"types":           {`{"kind":1,"product_id":"1","quantity":"1"}`, 400, "malformed", "kind product_id quantity"},
		"values":          {`{"kind":"steal","product_id":0,"quantity":-1,"to_branch":1}`, 422, "invalid", "kind product_id quantity to_branch"},
		"too many":        {`{"kind":"receive","product_id":1,"quantity":9223372036854775807}`, 422, "invalid", "quantity"},
		"to itself":       {`{"kind":"transfer","product_id":1,"quantity":1,"to_branch":1}`, 422, "invalid", "to_branch"},
		"to nowhere":      {`{"kind":"transfer","product_id":1,"quantity":1,"to_branch":99}`, 422, "destination-not-found", ""},
		"an unknown one":  {`{"kind":"receive","product_id":900,"quantity":1}`, 422, "product-unknown", ""},
		"more than there": {`{"kind":"sell","product_id":1,"quantity":12}`, 409, "insufficient-stock", ""},
		"a long body":     {sale + strings.Repeat(" ", bodyLimit), 413, "request-entity-too-large", ""},
	} {
		w := admin.send(http.MethodPost, in1, tt.body)
		if got := read[refusal](t, w); w.Code != tt.want || got.Code != tt.code || got.text() != tt.fields {
			t.Errorf("%s = %d %s, want %d %s for %q", name, w.Code, w.Body, tt.want, tt.code, tt.fields)
		}
	}
	if got := quantity(t, admin, 1, 1); got != 11 {
		t.Errorf("%d are left", got)
	}
}

func TestMove_idempotencyKey(t *testing.T) {
	t.Parallel()
	admin, c := people(t)
	const sale = `{"kind":"sell","product_id":1,"quantity":6}`
	first := c.send(http.MethodPost, in1, sale, "Idempotency-Key", "key-0001")
	for _, body := range []string{sale, ` { "quantity": 6, "product_id": 1, "kind": "s\u0065ll" }`} {
		again := c.send(http.MethodPost, in1, body, "Idempotency-Key", "key-0001")
		if again.Code != http.StatusCreated || again.Body.String() != first.Body.String() || again.Header().Get("Location") != first.Header().Get("Location") {
			t.Errorf("again = %d %s, want %s", again.Code, again.Body, first.Body)
		}
	}
	other := c.send(http.MethodPost, in1, `{"kind":"sell","product_id":1,"quantity":1}`, "Idempotency-Key", "key-0001")
	elsewhere := admin.send(http.MethodPost, "/branches/2/movements", sale, "Idempotency-Key", "key-0002")
	moved := admin.send(http.MethodPost, in1, sale, "Idempotency-Key", "key-0002")
	for name, w := range map[string]*httptest.ResponseRecorder{"another body": other, "another branch": moved} {
		if w.Code != http.StatusUnprocessableEntity || read[refusal](t, w).Code != "idempotency-key-reused" {
			t.Errorf("%s = %d %s, want 422", name, w.Code, w.Body)
		}
	}
	if elsewhere.Code != http.StatusCreated || quantity(t, admin, 1, 1) != 5 {
		t.Errorf("%d; %d are left, want 5", elsewhere.Code, quantity(t, admin, 1, 1))
	}
	mine := admin.send(http.MethodPost, in1, `{"kind":"sell","product_id":1,"quantity":5}`, "Idempotency-Key", "key-0001")
	if mine.Code != http.StatusCreated {
		t.Errorf("the key that another user has used = %d %s", mine.Code, mine.Body)
	}
}

func TestMove_refusesKeys(t *testing.T) {
	t.Parallel()
	_, c := people(t)
	const sale = `{"kind":"sell","product_id":1,"quantity":1}`
	for name, keys := range map[string][]string{
		"empty": {""}, "short": {"1234567"}, "long": {strings.Repeat("a", 129)}, "a blank": {"key 0001"}, "quotes": {`"key-0001"`}, "two": {"key-0001", "key-0001"},
		"a list": {"key-0001,key-0002"}, "a letter that is not ASCII": {"kéy-00001"}, "a line": {"key-0001\n"},
	} {
		var header []string
		for _, key := range keys {
			header = append(header, "Idempotency-Key", key)
		}
		if w := c.send(http.MethodPost, in1, sale, header...); w.Code != http.StatusBadRequest || read[refusal](t, w).text() != "Idempotency-Key" {
			t.Errorf("%s = %d %s, want 400", name, w.Code, w.Body)
		}
	}
	for _, key := range []string{"12345678", strings.Repeat("a", 128), "0e9c3c9a-7b1e-4a54-8f5b-0c5e6a7d8f90", "a.b_c~d:e"} {
		if w := c.send(http.MethodPost, in1, sale, "Idempotency-Key", key); w.Code != http.StatusCreated {
			t.Errorf("key %s = %d %s", key, w.Code, w.Body)
		}
	}
	if got := quantity(t, c, 1, 1); got != 7 {
		t.Errorf("%d are left, want what four sold", got)
	}
}

func TestMovements_pages(t *testing.T) {
	t.Parallel()
	_, c := people(t)
	type page struct {
		Movements []stock.Movement
		Next      string
	}
	newest := read[stock.Movement](t, c.send(http.MethodPost, in1, `{"kind":"sell","product_id":1,"quantity":1}`))
	var all []stock.Movement
	for next := ""; next != "" || len(all) == 0; {
		p := read[page](t, c.send(http.MethodGet, in1+"?limit=30&cursor="+next, ""))
		if all = append(all, p.Movements...); len(p.Movements) > 30 || len(all) > 200 {
			t.Fatalf("a page of %d after %d", len(p.Movements), len(all))
		}
		next = p.Next
	}
	sums := map[int64]int64{}
	for i, m := range all {
		if m.BranchID != 1 || i > 0 && m.ID >= all[i-1].ID {
			t.Errorf("%+v behind %+v", m, all[max(i-1, 0)])
		}
		sums[m.ProductID] += m.Change
	}
	levels := map[int64]int64{}
	for _, l := range read[struct{ Products []stock.Level }](t, c.send(http.MethodGet, "/branches/1/products", "")).Products {
		levels[l.ProductID] = l.Quantity
	}
	if diff := cmp.Diff(levels, sums); diff != "" || all[0] != newest {
		t.Errorf("the newest is %+v, want %+v; the sum of the ledger (-stock +ledger)\n%s", all[0], newest, diff)
	}
	if p := read[page](t, c.send(http.MethodGet, in1, "")); len(p.Movements) != 20 {
		t.Errorf("a page has %d without a limit", len(p.Movements))
	}
	for _, query := range []string{"limit=0", "limit=101", "limit=x", "cursor=0", "cursor=-1", "cursor=9223372036854775808", "limit=1&limit=2", "limit=%"} {
		if w := c.send(http.MethodGet, in1+"?"+query, ""); w.Code != http.StatusBadRequest || len(read[refusal](t, w).Errors) == 0 {
			t.Errorf("%s = %d %s, want 400", query, w.Code, w.Body)
		}
	}
}

func TestAuditMovements(t *testing.T) {
	t.Parallel()
	admin, c := people(t)
	c.send(http.MethodPost, in1, `{"kind":"sell","product_id":1,"quantity":1}`, "X-Request-Id", "request-1")
	admin.send(http.MethodPost, "/branches/2/movements", `{"kind":"sell","product_id":1,"quantity":1}`, "X-Request-Id", "request-2")
	type page struct {
		Entries []stock.Entry
		Next    string
	}
	first := read[page](t, admin.send(http.MethodGet, "/audit/movements?limit=1", ""))
	second := read[page](t, admin.send(http.MethodGet, "/audit/movements?branch=1&limit=1&cursor="+first.Next, ""))
	var got []string
	for _, e := range append(first.Entries, second.Entries...) {
		got = append(got, fmt.Sprintf("%s in %d by %s, %s, %t", e.Kind, e.BranchID, e.Subject, e.RequestID, e.At.IsZero()))
	}
	want := []string{"sell in 2 by " + authtest.Subject + ", request-2, false", "sell in 1 by " + manager + ", request-1, false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if w := c.send(http.MethodGet, in1, ""); strings.Contains(w.Body.String(), "request") || strings.Contains(w.Body.String(), manager) {
		t.Errorf("a manager sees who: %s", w.Body)
	}
}
