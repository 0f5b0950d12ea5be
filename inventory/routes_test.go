package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/inventory/internal/stock"
	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/database"
	"storefront/shared/database/databasetest"
	"storefront/shared/server"
)

const manager = "00000000-0000-0000-0000-000000000004" // of the kickstart; manages branch 1

// newInventory serves the demo shop from an SQLite file.
func newInventory(t testing.TB, iss *authtest.Issuer, cfg Config) *gin.Engine {
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
	return errors.Join(open(ctx, cfg, log, db, stock.NewStore(db)), db.Close())
})

// newShop serves a shop without branches.
func newShop(t testing.TB, iss *authtest.Issuer, cfg Config, url config.Secret) (*gin.Engine, *stock.Store) {
	t.Helper()
	log := server.NewLogger(io.Discard, "error", "json")
	cfg.Database.URL = url
	db, err := newDatabase(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store := stock.NewStore(db)
	if err := open(t.Context(), cfg, log, db, store); err != nil {
		t.Fatal(err)
	}
	r, err := newRouter(cfg, log, iss.Verifier(t, service), store, db.Ready)
	if err != nil {
		t.Fatal(err)
	}
	return r, store
}

func get(h http.Handler, target, token string) *httptest.ResponseRecorder {
	return client{h, token}.send(http.MethodGet, target, "")
}

// client is somebody with a token; "" is none.
type client struct {
	http.Handler
	token string
}

// send makes a request; header holds names and values in turn, and a name twice is sent twice.
func (c client) send(method, target, body string, header ...string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, req)
	return w
}

// people are the admin, and the manager of branch 1, of a demo shop.
func people(t testing.TB) (admin, of1 client) {
	t.Helper()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	return client{h, iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})},
		client{h, iss.UserToken(t, authtest.Claims{"sub": manager, "roles": []string{"branch-manager"}})}
}

// read decodes an answer.
func read[T any](t testing.TB, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
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
		{"gateway", iss.GatewayToken(t, service, auth.Target{Method: http.MethodGet, URI: own}), map[string]int{own: 401}},
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
	admin, _ := people(t)
	for _, branch := range []string{"1", "2", "3", "4", "5"} {
		w := admin.send(http.MethodGet, "/branches/"+branch+"/products", "")
		got := read[struct {
			Branch   stock.Branch
			Products []stock.Level
		}](t, w)
		if fmt.Sprint(got.Branch.ID) != branch || got.Branch.Name == "" || got.Branch.City == "" || len(got.Products) < 10 {
			t.Errorf("branch %s = %+v with %d products", branch, got.Branch, len(got.Products))
		}
		last := int64(0)
		for _, l := range got.Products {
			if l.ProductID <= last || l.Name == "" || l.Quantity < 0 {
				t.Errorf("branch %s holds %+v behind product %d", branch, l, last)
			}
			last = l.ProductID
		}
		if w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("Cache-Control: %s", w.Header().Get("Cache-Control"))
		}
	}
	if body := admin.send(http.MethodGet, "/branches/1/products", "").Body.String(); !strings.HasPrefix(body,
		`{"branch":{"id":1,"name":"Harbour Street","city":"Hamburg"},"products":[{"product_id":1,"name":"Espresso cup","quantity":11},`) {
		t.Errorf("branch 1 is %.200s", body)
	}
}

// The rest of the matrix: what each route answers to each role, for the own branch, another one, none, and what is no id.
func TestRoles(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	h := newInventory(t, iss, Config{})
	user := func(subject string, role auth.Role) client {
		return client{h, iss.UserToken(t, authtest.Claims{"sub": subject, "roles": []auth.Role{role}})}
	}
	callers := map[string]client{
		"nobody": {h, ""}, "customer": user(manager, auth.Customer), "anonymous": user(manager, auth.Anonymous),
		"manager": user(manager, auth.BranchManager), "admin": user("u", auth.Admin),
	}
	const sale, move = `{"kind":"sell","product_id":1,"quantity":1}`, `{"kind":"transfer","product_id":1,"quantity":1,"to_branch":%d}`
	for _, tt := range []struct {
		route, body    string
		manager, admin int
	}{
		{"GET /branches", "", 200, 200},
		{"POST /branches", `{"name":"a","city":"b"}`, 403, 201},
		{"GET /branches/1/movements", "", 200, 200},
		{"HEAD /branches/1/movements", "", 200, 200},
		{"GET /branches/2/movements", "", 403, 200},
		{"GET /branches/99/movements", "", 403, 404},
		{"GET /branches/x/movements", "", 400, 400},
		{"GET /branches/1/movements?limit=x", "", 400, 400},
		{"GET /branches/2/movements?limit=x", "", 403, 400},
		{"POST /branches/1/movements", sale, 201, 201},
		{"POST /branches/2/movements", sale, 403, 201},
		{"POST /branches/99/movements", sale, 403, 404},
		{"POST /branches/x/movements", sale, 400, 400},
		{"POST /branches/1/movements", "x", 400, 400},
		{"POST /branches/2/movements", "x", 403, 400},
		{"POST /branches/1/movements", fmt.Sprintf(move, 2), 403, 201},
		{"POST /branches/1/movements", fmt.Sprintf(move, 99), 403, 422},
		{"POST /branches/2/movements", fmt.Sprintf(move, 1), 403, 201},
		{"GET /branches/1/movements/1", "", 200, 200},
		{"GET /branches/1/movements/99999", "", 404, 404},
		{"GET /branches/1/movements/x", "", 400, 400},
		{"GET /branches/2/movements/1", "", 403, 404},
		{"GET /branches/99/movements/1", "", 403, 404},
		{"GET /branches/1/managers", "", 403, 200},
		{"GET /branches/99/managers", "", 403, 404},
		{"GET /branches/x/managers", "", 403, 400},
		{"PUT /branches/1/managers/someone", "", 403, 204},
		{"PUT /branches/99/managers/someone", "", 403, 404},
		{"PUT /branches/1/managers/a@b", "", 403, 400},
		{"DELETE /branches/1/managers/someone", "", 403, 204},
		{"DELETE /branches/99/managers/someone", "", 403, 404},
		{"DELETE /branches/x/managers/someone", "", 403, 400},
		{"GET /products/1/stock", "", 200, 200},
		{"HEAD /products/1/stock", "", 200, 200},
		{"GET /products/99999/stock", "", 200, 200},
		{"GET /products/x/stock", "", 400, 400},
		{"GET /audit/branches", "", 403, 200},
		{"GET /audit/movements", "", 403, 200},
		{"GET /audit/movements?limit=x", "", 403, 400},
	} {
		method, target, _ := strings.Cut(tt.route, " ")
		for name, want := range map[string]int{"nobody": 401, "customer": 403, "anonymous": 403, "manager": tt.manager, "admin": tt.admin} {
			if w := callers[name].send(method, target, tt.body); w.Code != want {
				t.Errorf("%s %s: %s = %d %s, want %d", name, tt.route, tt.body, w.Code, w.Body, want)
			}
		}
		gateway := client{h, iss.GatewayToken(t, service, auth.Target{Method: method, URI: target})}
		if w := gateway.send(method, target, tt.body); w.Code != http.StatusUnauthorized {
			t.Errorf("gateway %s = %d, want 401", tt.route, w.Code)
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
