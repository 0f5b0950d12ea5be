package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/database/databasetest"
)

// A database that is away is a 503 that asks to come back, and nothing has to be started again.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	postgres := databasetest.Start(t)
	h, _ := newShop(t, iss, Config{}, postgres.Database(t))
	s := shop{h, "Bearer " + iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}}), ""}
	check := func(when string, want map[string]int) {
		for route, status := range want {
			method, target, _ := strings.Cut(route, " ")
			w := s.send(method, target, board, "If-Match", "*")
			if w.Code != status || status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: %s = %d %v %s, want %d", when, route, w.Code, w.Header(), w.Body, status)
			}
		}
	}
	check("before", map[string]int{"POST /products": 201})
	postgres.Stop(t)
	check("away", map[string]int{
		"GET /products": 503, "GET /products/1": 503, "GET /products/1/image": 503, "POST /products": 503, "PUT /products/1": 503, "DELETE /products/1": 503,
		"GET /admin/products": 503, "GET /audit/products": 503, "GET /readyz": 503, "GET /healthz": 200,
	})
	postgres.Start(t)
	check("back", map[string]int{
		"GET /products": 200, "GET /products/1": 200, "POST /products": 409, "PUT /products/1": 200, "GET /admin/products": 200, "GET /audit/products": 200, "GET /readyz": 200,
	})
}

// Commands work on the database that the settings name, and "routes" needs none.
func TestRun_commands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := []string{"JWT_SIGNING_KEY=" + strings.Repeat("k", 32), "DATABASE_URL=sqlite:" + filepath.Join(dir, "catalog.db")}
	var out strings.Builder
	if err := run(t.Context(), []string{"routes"}, environ, &out); err != nil || !strings.Contains(out.String(), "PUT /products/:id\n") {
		t.Errorf("routes = %v %s", err, out.String())
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(found) > 0 {
		t.Errorf("routes left %v, %v", found, err)
	}
	iss := authtest.New(t, "HS256")
	h, store := newShop(t, iss, Config{}, config.Secret("sqlite:"+filepath.Join(dir, "catalog.db")))
	if _, err := store.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	backup := filepath.Join(dir, "backup.db")
	if err := run(t.Context(), []string{"backup", backup}, environ, &out); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"restore", backup}, environ, &out); err == nil || !strings.Contains(err.Error(), "stop the service first") {
		t.Errorf("restore beside a service = %v", err)
	}
	elsewhere := []string{environ[0], "DATABASE_URL=sqlite:" + filepath.Join(dir, "other", "catalog.db")}
	if err := run(t.Context(), []string{"restore", backup}, elsewhere, &out); err != nil {
		t.Fatal(err)
	}
	restored, _ := newShop(t, iss, Config{}, config.Secret("sqlite:"+filepath.Join(dir, "other", "catalog.db")))
	for _, target := range []string{"/products?limit=100", "/products?q=oak"} {
		answers := make([]string, 2)
		for i, shop := range []http.Handler{h, restored} {
			req := httptest.NewRequest(http.MethodGet, target, nil)
			req.Header.Set("Authorization", "Bearer "+iss.UserToken(t))
			w := httptest.NewRecorder()
			shop.ServeHTTP(w, req)
			answers[i] = w.Body.String()
		}
		if answers[0] != answers[1] || !strings.Contains(answers[0], "Oak coat hook") {
			t.Errorf("%s differs after the restore:\n%s\n%s", target, answers[0], answers[1])
		}
	}
}
