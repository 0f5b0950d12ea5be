package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/catalog/internal/picture"
	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/database/databasetest"
)

const board = `{"sku":"KIT-9001","name":"Cheese board","description":"Slate.","price":2900,"currency":"EUR","category":"kitchen","active":true}`

// change is the board with one member changed.
func change(member, value string) string {
	var out []string
	for pair := range strings.SplitSeq(strings.Trim(board, "{}"), ",") {
		if strings.HasPrefix(pair, `"`+member+`":`) {
			pair = fmt.Sprintf("%q:%s", member, value)
		}
		out = append(out, pair)
	}
	return "{" + strings.Join(out, ",") + "}"
}

// shop is an empty shop and the tokens of two people.
type shop struct {
	http.Handler
	admin, customer string
}

func emptyShop(t testing.TB) shop {
	t.Helper()
	iss := authtest.New(t, "HS256")
	h, _ := newShop(t, iss, Config{}, databasetest.SQLite(t))
	return shop{h, "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}}), "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{"customer"}})}
}

// send makes a request as admin; header holds names and values in turn.
func (s shop) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("Authorization", s.admin)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, req)
	return w
}

func TestWrite_createReplaceDelete(t *testing.T) {
	t.Parallel()
	s := emptyShop(t)
	w := s.send(http.MethodPost, "/products", board)
	made := read[item](t, w)
	if w.Code != http.StatusCreated || w.Header().Get("Location") != "/products/1" || w.Header().Get("ETag") != `"1"` || made.ID != 1 || made.Name != "Cheese board" {
		t.Fatalf("POST = %d %v %s", w.Code, w.Header(), w.Body)
	}
	if got := read[item](t, get(s, http.MethodGet, "/products/1", s.customer)); got != made {
		t.Errorf("GET = %+v, want %+v", got, made)
	}
	w = s.send(http.MethodPut, "/products/1", change("price", "3100"), "If-Match", `"1"`)
	if got := read[item](t, w); w.Code != http.StatusOK || w.Header().Get("ETag") != `"2"` || got.Price != 3100 || got.Version != 2 {
		t.Errorf("PUT = %d %s", w.Code, w.Body)
	}
	if w = s.send(http.MethodDelete, "/products/1", ""); w.Code != http.StatusNoContent || w.Body.Len() > 0 {
		t.Errorf("DELETE = %d %s", w.Code, w.Body)
	}
	for target, tag := range map[string]string{"/products/1": `"3"`, "/products/1/image": fmt.Sprintf(`"3-%d"`, picture.Edition)} {
		if w = get(s, http.MethodGet, target, s.customer); w.Code != http.StatusNotFound {
			t.Errorf("%s of what is off sale = %d for a customer, want 404", target, w.Code)
		}
		if w = get(s, http.MethodGet, target, s.admin); w.Code != http.StatusOK || w.Header().Get("ETag") != tag || strings.Contains(w.Header().Get("Cache-Control"), "public") {
			t.Errorf("%s of what is off sale = %d %v for an admin, want 200 for nobody else", target, w.Code, w.Header())
		}
	}
	if w = s.send(http.MethodPut, "/products/1", board, "If-Match", `"3"`); w.Code != http.StatusOK || get(s, http.MethodGet, "/products/1", s.customer).Code != http.StatusOK {
		t.Errorf("PUT that puts it on sale again = %d %s", w.Code, w.Body)
	}
}

func TestWrite_conditions(t *testing.T) {
	t.Parallel()
	s := emptyShop(t)
	s.send(http.MethodPost, "/products", board)
	for _, tt := range []struct {
		method, target, match string
		want                  int
	}{
		{http.MethodPut, "/products/1", "", 428},
		{http.MethodPut, "/products/1", " , ", 428},
		{http.MethodPut, "/products/1", `"2"`, 412},
		{http.MethodPut, "/products/1", `W/"1"`, 412},
		{http.MethodPut, "/products/1", `1`, 412},
		{http.MethodPut, "/products/2", `"1"`, 404},
		{http.MethodPut, "/products/0", `"1"`, 400},
		{http.MethodDelete, "/products/1", `"2"`, 412},
		{http.MethodDelete, "/products/2", "", 404},
		{http.MethodDelete, "/products/x", "", 400},
		{http.MethodPut, "/products/1", `"7", "1"`, 200},
		{http.MethodPut, "/products/1", `*`, 200},
		{http.MethodDelete, "/products/1", `"3"`, 204},
		{http.MethodDelete, "/products/1", ``, 204},
	} {
		if w := s.send(tt.method, tt.target, board, "If-Match", tt.match); w.Code != tt.want {
			t.Errorf("%s %s with If-Match %s = %d %s, want %d", tt.method, tt.target, tt.match, w.Code, w.Body, tt.want)
		}
	}
}

func TestWrite_refusesBodies(t *testing.T) {
	t.Parallel()
	s := emptyShop(t)
	s.send(http.MethodPost, "/products", change("sku", `"KIT-0001"`))
	for name, tt := range map[string]struct {
		body   string
		want   int
		fields string
	}{
		"no JSON":             {"sku=1", 400, ""},
		"nothing in it":       {"{}", 400, "sku name description price currency category active"},
		"unknown":             {board[:len(board)-1] + `,"id":7}`, 400, "id"},
		"twice":               {board[:len(board)-1] + `,"price":1}`, 400, "price"},
		"types":               {change("price", `"2900"`), 400, "price"},
		"fraction":            {change("price", `29.5`), 400, "price"},
		"behind it":           {board + "x", 400, ""},
		"negative":            {change("price", "-1"), 422, "price"},
		"dear":                {change("price", "100000000001"), 422, "price"},
		"no currency":         {change("currency", `"EURO"`), 422, "currency"},
		"no such currency":    {change("currency", `"XXX"`), 422, "currency"},
		"small currency":      {change("currency", `"eur"`), 422, "currency"},
		"currency of blanks":  {change("currency", `" EU"`), 422, "currency"},
		"long":                {change("name", `"`+strings.Repeat("ä", 121)+`"`), 422, "name"},
		"blank":               {change("name", `"  "`), 422, "name"},
		"two lines":           {change("name", `"a\nb"`), 422, "name"},
		"NUL":                 {change("description", `"a\u0000"`), 422, "description"},
		"turned around":       {change("name", `"a\u202eb"`), 422, "name"},
		"long description":    {change("description", `"`+strings.Repeat("a", 2001)+`"`), 422, "description"},
		"category":            {change("category", `"Kitchen & co"`), 422, "category"},
		"sku":                 {change("sku", `"kit 1"`), 422, "sku"},
		"all values":          {`{"sku":"","name":"","description":"","price":-1,"currency":"","category":"","active":true}`, 422, "sku name description price currency category"},
		"sku that is taken":   {change("sku", `"KIT-0001"`), 409, ""},
		"more than a product": {change("description", `"`+strings.Repeat("a", bodyLimit)+`"`), 413, ""},
	} {
		w := s.send(http.MethodPost, "/products", tt.body)
		if got := read[refusal](t, w); w.Code != tt.want || got.text() != tt.fields {
			t.Errorf("%s = %d %s, want %d for %q", name, w.Code, w.Body, tt.want, tt.fields)
		}
	}
	if w := s.send(http.MethodPost, "/products", board, "Content-Type", "text/plain"); w.Code != http.StatusUnsupportedMediaType {
		t.Errorf("text = %d, want 415", w.Code)
	}
	if page := read[listing](t, get(s, http.MethodGet, "/products", s.customer)); len(page.Products) != 1 {
		t.Errorf("%d products, want the first alone", len(page.Products))
	}
}

// Every route that changes something, or tells who did, is an admin's alone, with a token of their own.
func TestWrite_roles(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	for _, route := range []string{"POST /products", "PUT /products/1", "DELETE /products/1", "GET /audit/products"} {
		method, target, _ := strings.Cut(route, " ")
		want := map[string]int{
			"": 401,
			"Bearer " + iss.GatewayToken(t, service, auth.Target{Method: method, URI: target}): 401,
		}
		for _, role := range auth.Roles() {
			token := "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{string(role)}})
			if want[token] = 403; role == auth.Admin {
				delete(want, token)
			}
		}
		for token, status := range want {
			if w := get(h, method, target, token); w.Code != status {
				t.Errorf("%s with %.40q = %d, want %d", route, token, w.Code, status)
			}
		}
	}
}

func TestAudit(t *testing.T) {
	t.Parallel()
	s := emptyShop(t)
	s.send(http.MethodPost, "/products", board, "X-Request-Id", "request-1")
	s.send(http.MethodPut, "/products/1", board, "X-Request-Id", "request-2", "If-Match", `"1"`)
	s.send(http.MethodDelete, "/products/1", "", "X-Request-Id", "request-3")
	type page struct {
		Entries []product.Entry
		Next    string
	}
	first := read[page](t, get(s, http.MethodGet, "/audit/products?limit=2", s.admin))
	second := read[page](t, get(s, http.MethodGet, "/audit/products?product=1&limit=2&cursor="+first.Next, s.admin))
	var got []string
	for _, e := range append(first.Entries, second.Entries...) {
		got = append(got, fmt.Sprintf("%t %s %d %d %s", e.Subject == authtest.Subject && !e.At.IsZero(), e.Action, e.ProductID, e.Version, e.RequestID))
	}
	want := []string{"true delete 1 3 request-3", "true replace 1 2 request-2", "true create 1 1 request-1"}
	if diff := cmp.Diff(want, got); diff != "" || second.Next != "" {
		t.Errorf("next %q (-want +got)\n%s", second.Next, diff)
	}
	for _, query := range []string{"limit=0", "product=x", "cursor=-1"} {
		if w := get(s, http.MethodGet, "/audit/products?"+query, s.admin); w.Code != http.StatusBadRequest {
			t.Errorf("%s = %d, want 400", query, w.Code)
		}
	}
}
