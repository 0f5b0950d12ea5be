package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever an admin sends, a product is made that can be read as it was answered, or the answer says what is wrong with it.
func FuzzCreate(f *testing.F) {
	f.Add(board)
	for member, value := range map[string]string{
		"name": `"\u0000"`, "price": "-1", "currency": `"eur"`, "sku": `"KIT-9001\n"`, "description": `"\ud800"`, "active": "null", "category": `"../kitchen"`,
	} {
		f.Add(change(member, value))
	}
	for _, body := range []string{"", "{}", "[]", board + board, strings.Replace(board, "price", "Price", 1), strings.Replace(board, "2900", "2.9e3", 1)} {
		f.Add(body)
	}
	s := emptyShop(f)
	f.Fuzz(func(t *testing.T, body string) {
		switch w := s.send(http.MethodPost, "/products", body); w.Code {
		case http.StatusCreated:
			if got := s.send(http.MethodGet, w.Header().Get("Location"), ""); got.Code != http.StatusOK || got.Body.String() != w.Body.String() {
				t.Errorf("%q was answered %s, and is %d %s", body, w.Body, got.Code, got.Body)
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		default:
			t.Errorf("%q = %d %s", body, w.Code, w.Body)
		}
	})
}

// A change is made for the version that stands in If-Match and for no other, whatever else stands there.
func FuzzIfMatch(f *testing.F) {
	for _, header := range []string{`"1"`, `W/"1"`, `"2"`, "*", `"1", "2"`, `"1"x`, `1`, `"1`, `,,"1",`, `"1" "1"`, " ", "\"1\"\x00"} {
		f.Add(header)
	}
	s := emptyShop(f)
	if w := s.send(http.MethodPost, "/products", board); w.Code != http.StatusCreated {
		f.Fatalf("POST = %d %s", w.Code, w.Body)
	}
	version := s.send(http.MethodGet, "/products/1", "").Header().Get("ETag")
	f.Fuzz(func(t *testing.T, header string) {
		w := s.send(http.MethodPut, "/products/1", board, "If-Match", header)
		may := false
		for tag := range strings.SplitSeq(header, ",") {
			tag = strings.TrimSpace(tag)
			may = may || tag == "*" || tag == version
		}
		switch {
		case w.Code == http.StatusOK && may:
			version = w.Header().Get("ETag")
		case (w.Code == http.StatusPreconditionFailed || w.Code == http.StatusPreconditionRequired) && !may:
		default:
			t.Errorf("If-Match %q at %s = %d %s", header, version, w.Code, w.Body)
		}
	})
}

// Whatever stands in the query of a list, it is a list or says what is wrong.
func FuzzList(f *testing.F) {
	for _, query := range []string{"", "q=cup&sort=name&limit=2", "category=kitchen&currency=EUR", "min_price=1&max_price=0", "cursor=e30", "sort=-price&cursor=eyJzIjoibmFtZSIsImkiOjd9", "q=%00", "q=%22*"} {
		f.Add(query)
	}
	s := emptyShop(f)
	if w := s.send(http.MethodPost, "/products", board); w.Code != http.StatusCreated {
		f.Fatalf("POST = %d %s", w.Code, w.Body)
	}
	f.Fuzz(func(t *testing.T, query string) {
		req, err := http.NewRequest(http.MethodGet, "/products", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.RawQuery, req.RequestURI = query, "/products"
		req.Header.Set("Authorization", s.admin)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, req)
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Errorf("%q = %d %s", query, w.Code, w.Body)
		}
	})
}
