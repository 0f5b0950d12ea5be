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
	r := newInventory(t, iss, Config{})
	contract := openapitest.New(t, get(r, openapi.Path, iss.UserToken(t)).Body.Bytes())
	contract.MatchRoutes(t, r.Routes())

	admin := client{contract.Watch(t, r), iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})}
	for _, request := range []struct {
		line   string
		body   string
		header []string
		want   int
	}{
		{"GET /branches", "", nil, 200},
		{"HEAD /branches", "", nil, 200},
		{"POST /branches", `{"name":"Old Mill","city":"Leipzig"}`, nil, 201},
		{"POST /branches", `{"name":"Old Mill","city":""}`, nil, 422},
		{"POST /branches", `{"name":"Old Mill","town":"Leipzig"}`, nil, 400},
		{"POST /branches", strings.Repeat(" ", bodyLimit+1), nil, 413},
		{"GET /branches/1/products", "", nil, 200},
		{"GET /branches/6/products", "", nil, 200},
		{"GET /branches/99/products", "", nil, 404},
		{"GET /branches/one/products", "", nil, 400},
		{"POST /branches/1/movements", `{"kind":"receive","product_id":1,"quantity":5,"note":"late"}`, []string{"Idempotency-Key", "key-0001"}, 201},
		{"POST /branches/1/movements", `{"kind":"transfer","product_id":1,"quantity":5,"to_branch":2}`, nil, 201},
		{"POST /branches/1/movements", `{"kind":"adjust","product_id":1,"quantity":-1}`, nil, 201},
		{"POST /branches/1/movements", `{"kind":"sell","product_id":1,"quantity":999999}`, nil, 409},
		{"POST /branches/1/movements", `{"kind":"sell","product_id":1,"quantity":1}`, []string{"Idempotency-Key", "key-0001"}, 422},
		{"POST /branches/1/movements", `{"kind":"sell","product_id":1,"quantity":1}`, []string{"Idempotency-Key", "short"}, 400},
		{"POST /branches/1/movements", `{"kind":"lose","product_id":1,"quantity":1}`, nil, 422},
		{"POST /branches/99/movements", `{"kind":"sell","product_id":1,"quantity":1}`, nil, 404},
		{"GET /branches/1/movements?limit=3", "", nil, 200},
		{"GET /branches/1/movements?limit=x", "", nil, 400},
		{"GET /branches/99/movements", "", nil, 404},
		{"GET /branches/1/movements/1", "", nil, 200},
		{"GET /branches/1/movements/x", "", nil, 400},
		{"GET /branches/1/movements/99999", "", nil, 404},
		{"GET /branches/1/managers", "", nil, 200},
		{"PUT /branches/2/managers/somebody", "", nil, 204},
		{"PUT /branches/2/managers/some.body", "", nil, 400},
		{"PUT /branches/99/managers/somebody", "", nil, 404},
		{"DELETE /branches/2/managers/somebody", "", nil, 204},
		{"GET /products/1/stock", "", nil, 200},
		{"HEAD /products/99999/stock", "", nil, 200},
		{"GET /products/one/stock", "", nil, 400},
		{"GET /audit/branches?limit=2&branch=2", "", nil, 200},
		{"GET /audit/branches?limit=1", "", nil, 200},
		{"GET /audit/movements?limit=100", "", nil, 200},
		{"GET /audit/movements?cursor=0", "", nil, 400},
		{"GET /openapi.json", "", nil, 200},
		{"GET /healthz", "", nil, 200},
		{"GET /readyz", "", nil, 200},
		{"GET /branches?x=" + strings.Repeat("a", 2<<10), "", nil, 414},
	} {
		method, target, _ := strings.Cut(request.line, " ")
		if w := admin.send(method, target, request.body, request.header...); w.Code != request.want {
			t.Errorf("%.60s = %d %s, want %d", request.line, w.Code, w.Body, request.want)
		}
	}
	for token, want := range map[string]int{"": 401, "garbage": 401, iss.UserToken(t, authtest.Claims{"roles": []string{"customer"}}): 403} {
		who := client{admin.Handler, token}
		for _, route := range []string{"GET /branches", "POST /branches", "GET /branches/1/products", "POST /branches/1/movements", "GET /branches/1/managers", "GET /products/1/stock", "GET /audit/movements"} {
			method, target, _ := strings.Cut(route, " ")
			if w := who.send(method, target, ""); w.Code != want {
				t.Errorf("%s with %.20q = %d, want %d", route, token, w.Code, want)
			}
		}
	}
	if unseen := contract.Unseen(); len(unseen) > 0 {
		t.Errorf("nobody has compared %q", unseen)
	}
}

// The gateway reads the document with a token for that request, whoever asks it: it says what is here, and nothing of what lies here.
func TestDocument_gatewayToken(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	for token, want := range map[string]int{
		iss.GatewayToken(t, service, auth.Target{Method: http.MethodGet, URI: openapi.Path}):   200,
		iss.GatewayToken(t, service, auth.Target{Method: http.MethodGet, URI: "/branches"}):    401,
		iss.GatewayToken(t, "catalog", auth.Target{Method: http.MethodGet, URI: openapi.Path}): 401,
		iss.UserToken(t, authtest.Claims{"roles": []string{"anonymous"}}):                      200, // where FusionAuth makes every token
		"": 401,
	} {
		w := get(h, openapi.Path, token)
		if w.Code != want || strings.Contains(w.Body.String(), `"openapi":"3.1`) != (want == 200) {
			t.Errorf("with %.20q = %d %.100s, want %d", token, w.Code, w.Body, want)
		}
	}
}
