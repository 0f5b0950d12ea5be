package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"storefront/shared/auth/authtest"
	"storefront/shared/config"
	"storefront/shared/database/databasetest"
)

// A database that is away is a 503 that asks to come back, and nothing has to be started again. Who may not is told so only when it is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	postgres := databasetest.Start(t)
	h, store := newShop(t, iss, Config{}, postgres.Database(t))
	if _, err := store.SeedDemo(t.Context()); err != nil {
		t.Fatal(err)
	}
	admin := client{h, iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})}
	of1 := client{h, iss.UserToken(t, authtest.Claims{"sub": manager, "roles": []string{"branch-manager"}})}
	check := func(when string, c client, want map[string]int) {
		for route, status := range want {
			method, target, _ := strings.Cut(route, " ")
			w := c.send(method, target, `{"kind":"sell","product_id":1,"quantity":1}`, "Idempotency-Key", "key-"+when)
			if w.Code != status || status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: %s = %d %v %s, want %d", when, route, w.Code, w.Header(), w.Body, status)
			}
		}
	}
	check("before", admin, map[string]int{"POST /branches/1/movements": 201, "GET /readyz": 200})
	postgres.Stop(t)
	check("meanwhile", admin, map[string]int{
		"GET /branches": 503, "GET /branches/1/products": 503, "GET /branches/1/movements": 503, "POST /branches/1/movements": 503, "GET /branches/1/movements/1": 503,
		"GET /branches/1/managers": 503, "GET /products/1/stock": 503, "PUT /branches/1/managers/a": 503, "DELETE /branches/1/managers/a": 503, "GET /audit/branches": 503, "GET /audit/movements": 503,
		"GET /readyz": 503, "GET /healthz": 200,
	})
	check("meanwhile", of1, map[string]int{"GET /branches": 503, "GET /products/1/stock": 503, "GET /branches/1/products": 503, "GET /branches/2/products": 503, "POST /branches/1/movements": 503})
	postgres.Start(t)
	check("afterwards", admin, map[string]int{"GET /branches": 200, "GET /readyz": 200, "PUT /branches/1/managers/a": 204, "POST /branches/1/movements": 201})
	check("afterwards", of1, map[string]int{"GET /branches/2/products": 403, "POST /branches/1/movements": 201})
}

// Commands work on the database that the settings name, and "routes" needs none.
func TestRun_commands(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	environ := []string{"JWT_SIGNING_KEY=" + strings.Repeat("k", 32), "DATABASE_URL=sqlite:" + filepath.Join(dir, "inventory.db")}
	var out strings.Builder
	if err := run(t.Context(), []string{"routes"}, environ, &out); err != nil || !strings.Contains(out.String(), "PUT /branches/:id/managers/:subject\n") {
		t.Errorf("routes = %v %s", err, out.String())
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(found) > 0 {
		t.Errorf("routes left %v, %v", found, err)
	}
	iss := authtest.New(t, "HS256")
	h, store := newShop(t, iss, Config{}, config.Secret("sqlite:"+filepath.Join(dir, "inventory.db")))
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
	elsewhere := []string{environ[0], "DATABASE_URL=sqlite:" + filepath.Join(dir, "other", "inventory.db")}
	if err := run(t.Context(), []string{"restore", backup}, elsewhere, &out); err != nil {
		t.Fatal(err)
	}
	restored, _ := newShop(t, iss, Config{}, config.Secret("sqlite:"+filepath.Join(dir, "other", "inventory.db")))
	admin := iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
	for target, want := range map[string]string{"/branches/1/products": "Espresso cup", "/audit/movements?limit=100": `"subject":"demo"`} {
		before, after := get(h, target, admin).Body.String(), get(restored, target, admin).Body.String()
		if before != after || !strings.Contains(after, want) {
			t.Errorf("%s differs after the restore:\n%s\n%s", target, before, after)
		}
	}
}
