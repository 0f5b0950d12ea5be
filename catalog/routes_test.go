package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/catalog/internal/product"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
	"storefront/shared/server"
)

// newCatalog serves the demo shop from an SQLite file.
func newCatalog(t testing.TB, iss *authtest.Issuer, cfg Config) *gin.Engine {
	t.Helper()
	r, _ := newShop(t, iss, cfg, demoShop(t))
	return r
}

// demoShop gives the URL of a demo shop.
var demoShop = databasetest.Copies(func(ctx context.Context, url config.Secret) error {
	cfg := Config{Database: database.Settings{URL: url, SeedDemo: true}}
	log := server.NewLogger(io.Discard, "error", "json")
	db, err := newDatabase(cfg, log)
	if err != nil {
		return err
	}
	return errors.Join(open(ctx, cfg, log, db, product.NewStore(db)), db.Close())
})

// newShop serves an empty shop.
func newShop(t testing.TB, iss *authtest.Issuer, cfg Config, url config.Secret) (*gin.Engine, *product.Store) {
	t.Helper()
	log := server.NewLogger(io.Discard, "error", "json")
	cfg.Database.URL = url
	db, err := newDatabase(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store := product.NewStore(db)
	if err := open(t.Context(), cfg, log, db, store); err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(cfg, log, iss.Verifier(t, service), store, db.Ready)
	if err != nil {
		t.Fatal(err)
	}
	return r, store
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
		"/products": 200, "/products/1": 200, "/products/70": 200, "/products/1/image": 200,
		"/products/71": 404, "/products/999999999": 404, "/products/71/image": 404, "/products/0/image": 400,
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
	if w := get(h, http.MethodPatch, "/products/1", user); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PATCH = %d, want 405", w.Code)
	}
	if w := get(h, http.MethodPatch, "/products/1", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("PATCH without a token = %d, want 401", w.Code)
	}
}

// The members that clients of the article's catalog know, and those that came since.
func TestProducts_body(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newCatalog(t, iss, Config{})
	user := "Bearer " + iss.UserToken(t)
	page := read[listing](t, get(h, http.MethodGet, "/products?limit=100", user))
	if len(page.Products) < 60 || page.Next != "" {
		t.Errorf("%d products, next %q, want the whole demo shop", len(page.Products), page.Next)
	}
	w := get(h, http.MethodGet, "/products/7", user)
	one := read[map[string]any](t, w)
	delete(one, "created_at")
	delete(one, "updated_at")
	want := map[string]any{
		"id": 7.0, "sku": "KIT-0007", "name": "Chopping board", "description": "End-grain oak, 40 by 30 centimetres, oiled.", "price": 4500.0,
		"currency": "EUR", "category": "kitchen", "active": true, "version": 1.0, "image": "/products/7/image",
	}
	if diff := cmp.Diff(want, one); diff != "" || w.Header().Get("ETag") != `"1"` {
		t.Errorf("product 7, ETag %s (-want +got)\n%s", w.Header().Get("ETag"), diff)
	}
	if got := read[item](t, w); got != page.Products[6] {
		t.Errorf("product 7 = %+v, want what the list says: %+v", got, page.Products[6])
	}
}

type listing struct {
	Products []item
	Next     string
}

func read[T any](t testing.TB, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
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
