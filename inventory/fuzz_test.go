package main

import (
	"net/http"
	"testing"

	"storefront/inventory/internal/stock"
)

// Whatever an admin sends, goods are moved as it was answered, or nothing is; no branch has ever less than nothing.
func FuzzMove(f *testing.F) {
	for _, body := range []string{
		`{"kind":"receive","product_id":1,"quantity":9,"note":"delivery 7"}`, `{"kind":"sell","product_id":1,"quantity":3}`, `{"kind":"adjust","product_id":1,"quantity":-17}`,
		`{"kind":"transfer","product_id":1,"quantity":4,"to_branch":2}`, `{"kind":"receive","product_id":900,"quantity":1,"name":"Egg timer"}`, `{"kind":"sell","product_id":1,"quantity":-3}`,
		`{"kind":"sell","product_id":1,"quantity":3,"quantity":-3}`, `{"kind":"Sell","product_id":1,"quantity":3}`, `{"kind":"receive","product_id":1,"quantity":1e3}`,
		`{"kind":"transfer","product_id":1,"quantity":1,"to_branch":1}`, `{"kind":"receive","product_id":9223372036854775807,"quantity":1,"name":"\u202e"}`, "", "{}", "null",
	} {
		f.Add(body, "")
	}
	f.Add(`{"kind":"sell","product_id":1,"quantity":1}`, `"key-1"`)
	f.Add(`{"kind":"sell","product_id":1,"quantity":2}`, `key-1`)
	f.Add(`{"kind":"sell","product_id":1,"quantity":2}`, "\x00")
	admin, _ := people(f)
	f.Fuzz(func(t *testing.T, body, key string) {
		var header []string
		if key != "" {
			header = []string{"Idempotency-Key", key}
		}
		switch w := admin.send(http.MethodPost, in1, body, header...); w.Code {
		case http.StatusCreated, http.StatusOK:
			m := read[stock.Movement](t, w)
			if got := admin.send(http.MethodGet, w.Header().Get("Location"), ""); got.Code != http.StatusOK || got.Body.String() != w.Body.String() || m.Stock < 0 || m.BranchID != 1 {
				t.Errorf("%q was answered %s, and is %d %s", body, w.Body, got.Code, got.Body)
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		default:
			t.Errorf("%q with the key %q = %d %s", body, key, w.Code, w.Body)
		}
		if left := quantity(t, admin, 1, 1); left < 0 {
			t.Fatalf("after %q branch 1 has %d", body, left)
		}
	})
}
