package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/server"
)

const manager = "00000000-0000-0000-0000-000000000004" // of the kickstart; manages branch 1

func newInventory(t testing.TB, iss *authtest.Issuer, cfg Config) *gin.Engine {
	t.Helper()
	store, err := stock.Demo()
	if err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(cfg, server.NewLogger(io.Discard, "error", "json"), iss.Verifier(t, audience), store)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func get(h http.Handler, target, token string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, target, nil)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, req)
	return w
}

// The order of checks is authenticate, authorize, validate, act.
func TestBranchProducts(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	user := func(subject string, roles ...string) string {
		return iss.UserToken(t, authtest.Claims{"sub": subject, "roles": append([]string{}, roles...)})
	}
	const own, other, missing, bad = "/branches/1/products", "/branches/2/products", "/branches/99/products", "/branches/abc/products"
	tests := []struct {
		caller string
		token  string
		want   map[string]int
	}{
		{"nobody", "", map[string]int{own: 401, missing: 401, bad: 401, "/nothing": 401}},
		{"gateway", iss.GatewayToken(t, audience, auth.Target{Method: http.MethodGet, URI: own}), map[string]int{own: 401}},
		{"customer", user("u", "customer"), map[string]int{own: 403, missing: 403, bad: 403, "/nothing": 404}},
		{"anonymous", user("u", "anonymous"), map[string]int{own: 403}},
		{"without roles", user("u"), map[string]int{own: 403}},
		{"superadmin", user("u", "superadmin", "ADMIN"), map[string]int{own: 403}},
		{"manager", user(manager, "branch-manager"), map[string]int{own: 200, other: 403, missing: 403, bad: 400}},
		{"manager without the role", user(manager, "customer"), map[string]int{own: 403}},
		{"role without a branch", user("u", "branch-manager"), map[string]int{own: 403, bad: 400}},
		{"role without a subject", user("", "branch-manager"), map[string]int{own: 401}},
		{"admin", user("u", "admin"), map[string]int{own: 200, other: 200, "/branches/3/products": 200, missing: 404, bad: 400, "/branches/0/products": 400}},
		{"admin and customer", user("u", "customer", "admin"), map[string]int{other: 200}},
	}
	for _, tt := range tests {
		for target, want := range tt.want {
			if w := get(h, target, tt.token); w.Code != want {
				t.Errorf("%s: GET %s = %d %s, want %d", tt.caller, target, w.Code, w.Body, want)
			}
		}
	}
}

func TestBranchProducts_body(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	for _, branch := range []string{"1", "2", "3"} {
		var got struct {
			Branch   stock.Branch
			Products []stock.Level
		}
		w := get(h, "/branches/"+branch+"/products", iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}}))
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Branch.Name == "" || len(got.Products) < 10 {
			t.Errorf("branch %s = %+v with %d products", branch, got.Branch, len(got.Products))
		}
		for _, l := range got.Products {
			if l.ProductID <= 0 || l.Name == "" || l.Quantity < 0 {
				t.Errorf("branch %s holds %+v", branch, l)
			}
		}
	}
}

// The article's redirect with 403: a Location for people, only where GATEWAY_URL is configured.
func TestForbidden_pointsAtTheGateway(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	cfg := Config{}
	cfg.GatewayURL = &url.URL{Scheme: "http", Host: "localhost:3000"}
	for set, want := range map[bool]string{true: "http://localhost:3000", false: ""} {
		cfg.GatewayURLSet = set
		h := newInventory(t, iss, cfg)
		for _, role := range []string{"customer", "branch-manager"} {
			w := get(h, "/branches/1/products", iss.UserToken(t, authtest.Claims{"roles": []string{role}}))
			if got := w.Header().Get("Location"); w.Code != http.StatusForbidden || got != want {
				t.Errorf("GATEWAY_URL set %v, %s: %d with Location %q, want 403 with %q", set, role, w.Code, got, want)
			}
		}
	}
}
