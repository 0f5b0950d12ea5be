package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"storefront/catalog/internal/picture"
	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/database/databasetest"
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

func TestList_pages(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	for query, want := range map[string]int{"": 20, "limit=7": 7, "limit=100": 70, "limit=30&sort=name": 30, "limit=30&category=kitchen&sort=-price": 18} {
		first := read[listing](t, get(h, http.MethodGet, "/products?"+query, user))
		if len(first.Products) != want {
			t.Errorf("%q gives %d products, want %d", query, len(first.Products), want)
		}
	}
	seen := map[int64]bool{}
	for next, pages := "", 0; pages == 0 || next != ""; pages++ {
		page := read[listing](t, get(h, http.MethodGet, "/products?sort=price&limit=9&cursor="+url.QueryEscape(next), user))
		for _, p := range page.Products {
			if seen[p.ID] {
				t.Errorf("product %d twice", p.ID)
			}
			seen[p.ID] = true
		}
		if next = page.Next; pages > 70/9 {
			t.Fatal("the pages have no end")
		}
	}
	if len(seen) != 70 {
		t.Errorf("%d products on all pages, want 70", len(seen))
	}
	if body := get(h, http.MethodGet, "/products?q=nothingofthesort", user).Body.String(); body != `{"products":[]}` {
		t.Errorf("no products are %s", body)
	}
	found := read[listing](t, get(h, http.MethodGet, "/products?q=kettle+pour&max_price=4900&min_price=4900&category=kitchen", user))
	if len(found.Products) != 1 || found.Products[0].ID != 5 {
		t.Errorf("search = %+v, want the kettle", found)
	}
}

func TestList_refuses(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	byPrice := read[listing](t, get(h, http.MethodGet, "/products?sort=price", user)).Next
	for query, fields := range map[string]string{
		"limit=0":                          "limit",
		"limit=101":                        "limit",
		"limit=-1":                         "limit",
		"limit=ten":                        "limit",
		"limit=1e1":                        "limit",
		"limit=99999999999999999999":       "limit",
		"limit=1&limit=2":                  "limit",
		"min_price=-1":                     "min_price",
		"min_price=1.5&max_price=x":        "max_price min_price",
		"sort=password":                    "sort",
		"sort=id%3B+DROP+TABLE+products":   "sort",
		"category=Kitchen":                 "category",
		"category=%00":                     "category",
		"cursor=x":                         "cursor",
		"cursor=" + byPrice:                "cursor",
		"sort=name&cursor=" + byPrice:      "cursor",
		"sort=price&cursor=" + byPrice[1:]: "cursor",
		"q=a&q=b":                          "q",
		"q=%":                              "q",
	} {
		w := get(h, http.MethodGet, "/products?"+query, user)
		if got := read[refusal](t, w); w.Code != http.StatusBadRequest || got.text() != fields || len(got.Errors) == 0 {
			t.Errorf("%s = %d %+v, want 400 for %s", query, w.Code, got.Errors, fields)
		}
	}
	if w := get(h, http.MethodGet, "/products?page=2&utm_source=mail", user); w.Code != http.StatusOK {
		t.Errorf("parameters that nobody knows = %d, want them passed over", w.Code)
	}
}

// What is off sale is in the list for admins, and in no other, whatever is asked for.
func TestListAll(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	admin := "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
	s := shop{h, admin, ""}
	for _, id := range []string{"5", "7", "30"} {
		if w := s.send(http.MethodDelete, "/products/"+id, ""); w.Code != http.StatusNoContent {
			t.Fatal(w.Body)
		}
	}
	for target, want := range map[string][]int64{
		"/admin/products?active=false":                                 {5, 7, 30},
		"/admin/products?active=false&sort=newest":                     {30, 7, 5},
		"/admin/products?active=false&category=kitchen":                {5, 7},
		"/admin/products?active=false&q=board":                         {7},
		"/admin/products?active=true&q=chopping":                       {},
		"/admin/products?q=chopping":                                   {7},
		"/admin/products?limit=8":                                      {1, 2, 3, 4, 5, 6, 7, 8},
		"/admin/products?limit=5&active=true":                          {1, 2, 3, 4, 6},
		"/products?limit=7":                                            {1, 2, 3, 4, 6, 8, 9},
		"/products?limit=7&active=false&include=inactive":              {1, 2, 3, 4, 6, 8, 9},
		"/products?q=chopping&active=":                                 {},
		"/products?category=kitchen&sort=newest&limit=100&q=gooseneck": {},
	} {
		got := []int64{}
		w := get(h, http.MethodGet, target, admin)
		for _, p := range read[listing](t, w).Products {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, want) || strings.HasPrefix(target, "/admin") != (w.Header().Get("Cache-Control") == "no-store") {
			t.Errorf("%s = %v, %s, want %v", target, got, w.Header().Get("Cache-Control"), want)
		}
	}
	first := read[listing](t, get(h, http.MethodGet, "/admin/products?active=false&limit=2", admin))
	rest := read[listing](t, get(h, http.MethodGet, "/admin/products?active=false&limit=2&cursor="+first.Next, admin))
	if len(rest.Products) != 1 || rest.Products[0].ID != 30 || rest.Products[0].Active || rest.Products[0].Version != 2 || rest.Next != "" {
		t.Errorf("the second page is %+v", rest)
	}
}

func TestListAll_refuses(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := func(roles ...string) string { return "Bearer " + iss.UserToken(t, authtest.Claims{"roles": roles}) }
	for name, tt := range map[string]struct {
		target, token string
		want          int
	}{
		"nobody":               {"/admin/products", "", 401},
		"the gateway":          {"/admin/products", "Bearer " + iss.GatewayToken(t, service, auth.Target{Method: http.MethodGet, URI: "/admin/products"}), 401},
		"a customer":           {"/admin/products", user("customer"), 403},
		"a manager":            {"/admin/products?active=x", user("branch-manager"), 403},
		"nearly an admin":      {"/admin/products", user("Admin", "superadmin"), 403},
		"an admin, neither":    {"/admin/products?active=no", user("admin"), 400},
		"an admin, both":       {"/admin/products?active=true&active=false", user("admin"), 400},
		"an admin, no sort":    {"/admin/products?sort=active", user("admin"), 400},
		"an admin, no product": {"/admin/products/1", user("admin"), 404},
	} {
		if w := get(h, http.MethodGet, tt.target, tt.token); w.Code != tt.want {
			t.Errorf("%s: %s = %d %s, want %d", name, tt.target, w.Code, w.Body, tt.want)
		}
	}
}

func TestList_searchIsNeverAnError(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	for _, q := range []string{"", " ", `"`, `'; DROP TABLE products; --`, "cup*", "NEAR(a b)", "name:cup", "\x00", "\xff", "%", "\\", "😀", strings.Repeat("ab ", 200)} {
		if w := get(h, http.MethodGet, "/products?q="+url.QueryEscape(q), user); w.Code != http.StatusOK {
			t.Errorf("q = %q: %d %s", q, w.Code, w.Body)
		}
	}
}

func TestGet_conditional(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	for target, tag := range map[string]string{"/products/1": `"1"`, "/products/1/image": fmt.Sprintf(`"1-%d"`, picture.Edition)} {
		for header, want := range map[string]int{
			"": 200, `"1"`: 304, `W/"1"`: 304, `"0", "1"`: 304, "*": 304, `"2"`: 200, `1`: 200, `"1`: 200, `"11"`: 200, `""`: 200,
		} {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				req := httptest.NewRequest(method, target, nil)
				req.Header.Set("Authorization", "Bearer "+iss.UserToken(t))
				if header != "" {
					req.Header.Set("If-None-Match", strings.ReplaceAll(header, `"1"`, tag))
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, req)
				if w.Code != want || w.Header().Get("ETag") != tag || want == 304 && w.Body.Len() > 0 {
					t.Errorf("%s %s with If-None-Match %s = %d, ETag %s, %d bytes; want %d", method, target, header, w.Code, w.Header().Get("ETag"), w.Body.Len(), want)
				}
			}
		}
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h, store := newShop(t, iss, Config{}, databasetest.SQLite(t))
	evil := product.Content{SKU: "X", Name: `<script>alert(1)</script> & "x" '`, Description: "d", Currency: "EUR", Category: "none", Active: true}
	if _, err := store.Create(t.Context(), product.Author{}, evil); err != nil {
		t.Fatal(err)
	}
	w := get(h, http.MethodGet, "/products/1/image", "Bearer "+iss.UserToken(t))
	for name, want := range map[string]string{
		"Content-Type": "image/svg+xml", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
		"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=86400, stale-while-revalidate=604800",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	texts := elements(t, w.Body)
	if texts["script"] > 0 || texts["title"] == 0 || strings.Contains(w.Body.String(), "<script") {
		t.Errorf("elements %v", texts)
	}
}

// elements counts the elements of an XML document by name.
func elements(t testing.TB, r io.Reader) map[string]int {
	t.Helper()
	count := map[string]int{}
	dec := xml.NewDecoder(r)
	for {
		token, err := dec.Token()
		if err == io.EOF { //nolint:errorlint // Token documents this very value
			return count
		}
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := token.(xml.StartElement); ok {
			count[start.Name.Local]++
		}
	}
}
