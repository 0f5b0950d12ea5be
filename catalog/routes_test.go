package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/server"
)

func newCatalog(t testing.TB, iss *authtest.Issuer, cfg Config) *gin.Engine {
	t.Helper()
	store, err := product.Demo()
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(cfg, server.NewLogger(io.Discard, "error", "json"), iss.Verifier(t, audience), store)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(h http.Handler, method, target, authorization string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, nil)
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

func TestProducts(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	for target, want := range map[string]int{
		"/products": 200, "/products/1": 200, "/products/24": 200,
		"/products/25": 404, "/products/999999999": 404,
		"/products/0": 400, "/products/-1": 400, "/products/abc": 400, "/products/01": 400, "/products/1.0": 400, "/products/9223372036854775808": 400,
		"/": 404, "/nothing": 404, "/products/1/reviews": 404,
	} {
		gateway := "Bearer " + iss.GatewayToken(t, "catalog", auth.Target{Method: http.MethodGet, URI: target})
		for kind, token := range map[string]string{"gateway token": gateway, "user token": user} {
			if w := get(h, http.MethodGet, target, token); w.Code != want {
				t.Errorf("GET %s with a %s = %d %s, want %d", target, kind, w.Code, w.Body, want)
			}
		}
		if w := get(h, http.MethodGet, target, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("GET %s without a token = %d, want 401 before anything else", target, w.Code)
		}
	}
	if w := get(h, http.MethodDelete, "/products/1", user); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("DELETE = %d, want 405", w.Code)
	}
	if w := get(h, http.MethodDelete, "/products/1", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("DELETE without a token = %d, want 401", w.Code)
	}
}

func TestProducts_body(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	var list struct{ Products []product.Product }
	if err := json.Unmarshal(get(h, http.MethodGet, "/products", user).Body.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Products) < 20 {
		t.Errorf("%d products, want at least 20", len(list.Products))
	}
	skus := map[string]bool{}
	for i, p := range list.Products {
		if p.ID != int64(i+1) || p.Name == "" || p.Description == "" || p.Price <= 0 || len(p.Currency) != 3 || p.Category == "" || skus[p.SKU] {
			t.Errorf("product %d = %+v", i, p)
		}
		skus[p.SKU] = true
	}
	var one product.Product
	if err := json.Unmarshal(get(h, http.MethodGet, "/products/7", user).Body.Bytes(), &one); err != nil || one != list.Products[6] {
		t.Errorf("product 7 = %+v, %v, want what the list says", one, err)
	}
}

// What gets in is bound to this service and to one request.
func TestProducts_refuses(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	here := auth.Target{Method: http.MethodGet, URI: "/products"}
	for name, authorization := range map[string]string{
		"not Bearer":                      "Basic " + iss.UserToken(t),
		"empty":                           "Bearer ",
		"garbage":                         "Bearer garbage",
		"gateway token for inventory":     "Bearer " + iss.GatewayToken(t, "inventory", here),
		"gateway token for another path":  "Bearer " + iss.GatewayToken(t, "catalog", auth.Target{Method: http.MethodGet, URI: "/products/1"}),
		"gateway token for another query": "Bearer " + iss.GatewayToken(t, "catalog", auth.Target{Method: http.MethodGet, URI: "/products?x=1"}),
		"gateway token for HEAD":          "Bearer " + iss.GatewayToken(t, "catalog", auth.Target{Method: http.MethodHead, URI: "/products"}),
		"user of another application":     "Bearer " + iss.UserToken(t, authtest.Claims{"aud": "another", "applicationId": "another"}),
	} {
		w := get(h, http.MethodGet, "/products", authorization)
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), `"message":"UNAUTHORIZED"`) || strings.Contains(w.Body.String(), "Espresso") {
			t.Errorf("%s = %d %s, want 401", name, w.Code, w.Body)
		}
	}
}

func TestLoginRedirectURL(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	cfg := Config{}
	cfg.LoginRedirectURL = "http://localhost:3000/login"
	h := newCatalog(t, iss, cfg)
	req := httptest.NewRequest(http.MethodGet, "/products", nil)
	req.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	if w.Code != http.StatusFound || w.Header().Get("Location") != cfg.LoginRedirectURL {
		t.Errorf("a browser = %d to %q, want 302 to LOGIN_REDIRECT_URL", w.Code, w.Header().Get("Location"))
	}
	if w := get(h, http.MethodGet, "/products", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("an API client = %d, want 401", w.Code)
	}
}
