package main

import (
	"net/http"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/openapi"
	"storefront/shared/openapi/openapitest"
)

// The document says what is there, and what is there does what it says.
func TestDocument(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	r := newCatalog(t, iss, Config{})
	contract := openapitest.New(t, get(r, http.MethodGet, openapi.Path, "Bearer "+iss.UserToken(t)).Body.Bytes())
	contract.MatchRoutes(t, r.Routes())

	s := shop{contract.Watch(t, r), "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}}), "Bearer " + iss.UserToken(t)}
	for _, request := range []struct {
		line   string
		body   string
		header []string
		want   int
	}{
		{"GET /products?limit=2&q=oak&min_price=1&max_price=9999999&sort=-price", "", nil, 200},
		{"GET /products?limit=2&category=kitchen", "", nil, 200},
		{"HEAD /products", "", nil, 200},
		{"GET /products?limit=0", "", nil, 400},
		{"GET /products?sort=password", "", nil, 400},
		{"GET /products/7", "", nil, 200},
		{"GET /products/7", "", []string{"If-None-Match", `"1"`}, 304},
		{"GET /products/one", "", nil, 400},
		{"GET /products/999", "", nil, 404},
		{"GET /products/7/image", "", nil, 200},
		{"HEAD /products/7/image", "", nil, 200},
		{"GET /products/999/image", "", nil, 404},
		{"POST /products", board, nil, 201},
		{"POST /products", board, nil, 409},
		{"POST /products", change("colour", `"red"`) + "x", nil, 400},
		{"POST /products", change("currency", `"eur"`), nil, 422},
		{"POST /products", board, []string{"Content-Type", "text/plain"}, 415},
		{"POST /products", strings.Repeat(" ", bodyLimit+1), nil, 413},
		{"PUT /products/7", board, nil, 428},
		{"PUT /products/7", board, []string{"If-Match", `"2"`}, 412},
		{"PUT /products/7", change("sku", `"KIT-7"`), []string{"If-Match", `"1"`}, 200},
		{"PUT /products/999", board, []string{"If-Match", "*"}, 404},
		{"DELETE /products/7", "", []string{"If-Match", `"1"`}, 412},
		{"DELETE /products/7", "", nil, 204},
		{"DELETE /products/999", "", nil, 404},
		{"GET /admin/products?active=false&limit=1", "", nil, 200},
		{"GET /admin/products?limit=2&q=oak&min_price=1&max_price=9999999&sort=-price", "", nil, 200},
		{"HEAD /admin/products", "", nil, 200},
		{"GET /admin/products?active=no", "", nil, 400},
		{"GET /audit/products?limit=1&product=7", "", nil, 200},
		{"GET /audit/products?cursor=x", "", nil, 400},
		{"GET /openapi.json", "", nil, 200},
		{"GET /healthz", "", nil, 200},
		{"GET /readyz", "", nil, 200},
		{"GET /products?q=" + strings.Repeat("a", 2<<10), "", nil, 414},
	} {
		method, target, _ := strings.Cut(request.line, " ")
		if w := s.send(method, target, request.body, request.header...); w.Code != request.want {
			t.Errorf("%.60s = %d %s, want %d", request.line, w.Code, w.Body, request.want)
		}
	}
	for target, forCustomers := range map[string]int{"/products": 200, "/products/1": 200, "/products/1/image": 200, "/admin/products": 403, "/audit/products": 403, openapi.Path: 200} {
		for token, want := range map[string]int{"": 401, "Bearer garbage": 401, s.customer: forCustomers} {
			if w := get(s, http.MethodGet, target, token); w.Code != want {
				t.Errorf("%s with %.20q = %d, want %d", target, token, w.Code, want)
			}
		}
	}
	if unseen := contract.Unseen(); len(unseen) > 0 {
		t.Errorf("nobody has compared %q", unseen)
	}
}

// The gateway reads the document with a token for that request, whoever asks it.
func TestDocument_gatewayToken(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	token := iss.GatewayToken(t, service, auth.Target{Method: http.MethodGet, URI: openapi.Path})
	w := get(h, http.MethodGet, openapi.Path, "Bearer "+token)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"openapi":"3.1`) {
		t.Errorf("with a gateway token = %d %.200s", w.Code, w.Body)
	}
	if w = get(h, http.MethodGet, openapi.Path, ""); w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "paths") {
		t.Errorf("without a token = %d %.200s", w.Code, w.Body)
	}
}
