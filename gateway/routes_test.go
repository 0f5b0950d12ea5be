package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/server"
)

// front is a whole gateway before a service that records what reaches it.
type front struct {
	*httptest.Server
	users *authtest.Issuer

	mu       sync.Mutex
	received []*http.Request
}

func newFront(t testing.TB, changes ...string) *front {
	t.Helper()
	users := authtest.New(t, "HS256")
	return openFront(t, users, append([]string{"JWT_SIGNING_KEY=" + users.Users.Secret()}, changes...)...)
}

func openFront(t testing.TB, users *authtest.Issuer, environ ...string) *front {
	t.Helper()
	f := &front{users: users}
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.received = append(f.received, r)
		f.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"products":[{"id":1,"name":"<b>Cup</b>","price":905,"currency":"EUR"}]}`)
	}))
	t.Cleanup(service.Close)
	cfg, err := loadConfig(append([]string{
		"SESSION_SECRET=" + longEnough, "FUSIONAUTH_CLIENT_SECRET=secret",
		"CATALOG_URL=" + service.URL, "INVENTORY_URL=" + service.URL,
	}, environ...))
	if err != nil {
		t.Fatal(err)
	}
	log := server.NewLogger(io.Discard, "error", "json")
	deps, err := newDependencies(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	router, err := newRouter(cfg, log, deps)
	if err != nil {
		t.Fatal(err)
	}
	f.Server = httptest.NewServer(router)
	t.Cleanup(f.Close)
	return f
}

func (f *front) requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.received
}

func (f *front) send(t testing.TB, method, target string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.URL+target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func (f *front) bearer(t testing.TB, roles ...string) string {
	t.Helper()
	return "Bearer " + f.users.UserToken(t, authtest.Claims{"roles": append([]string{}, roles...)})
}

// A public request reaches the catalog with one token, for that request alone, whatever the client sent along.
func TestPublicRoutes_carryAGatewayToken(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	catalog := f.users.Verifier(t, "catalog")
	for _, target := range []string{"/products", "/products/7?a=%20b", "/products?x=<\"&>"} {
		res, _ := f.send(t, http.MethodGet, target, "Authorization", f.bearer(t, "admin"), "X-Roles", "admin", "Host", "evil.example")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s = %d", target, res.StatusCode)
		}
		got := f.requests()[len(f.requests())-1]
		token, err := auth.BearerToken(got)
		if err != nil {
			t.Fatal(err)
		}
		p, err := catalog.Verify(t.Context(), token, auth.Target{Method: http.MethodGet, URI: got.RequestURI})
		if err != nil || p.Kind != auth.GatewayToken || len(p.Roles) != 0 || p.ExpiresAt.Sub(p.IssuedAt) != auth.GatewayTokenLife {
			t.Errorf("%s: catalog sees %+v, %v", target, p, err)
		}
		if _, err := catalog.Verify(t.Context(), token, auth.Target{Method: http.MethodGet, URI: "/products/8"}); err == nil {
			t.Errorf("%s: the token serves another request", target)
		}
		if _, err := f.users.Verifier(t, "inventory").Verify(t.Context(), token, auth.Target{Method: http.MethodGet, URI: got.RequestURI}); err == nil {
			t.Errorf("%s: the token serves inventory", target)
		}
	}
}

func TestRoleRoutes(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	gateway := "Bearer " + f.users.GatewayToken(t, "inventory", auth.Target{Method: "GET", URI: "/branches/1/products"})
	tests := []struct {
		name    string
		target  string
		header  []string
		want    int
		reaches bool
	}{
		{"nobody", "/branches/1/products", nil, 401, false},
		{"nobody with a bad id", "/branches/x/products", nil, 401, false},
		{"customer", "/branches/1/products", []string{"Authorization", f.bearer(t, "customer")}, 403, false},
		{"customer with a bad id", "/branches/x/products", []string{"Authorization", f.bearer(t, "customer")}, 403, false},
		{"customer who says admin", "/branches/1/products?roles=admin", []string{"Authorization", f.bearer(t, "customer"), "Roles", "admin", "X-Roles", "admin"}, 403, false},
		{"superadmin", "/branches/1/products", []string{"Authorization", f.bearer(t, "superadmin", "Admin", "admin ")}, 403, false},
		{"no roles", "/branches/1/products", []string{"Authorization", f.bearer(t)}, 403, false},
		{"anonymous service user", "/branches/1/products", []string{"Authorization", f.bearer(t, "anonymous")}, 403, false},
		{"gateway token", "/branches/1/products", []string{"Authorization", gateway}, 401, false},
		{"cookie and Bearer", "/branches/1/products", []string{"Authorization", f.bearer(t, "admin"), "Cookie", "fa.gw.sid=x"}, 400, false},
		{"cookie and Bearer on a public route", "/products", []string{"Authorization", f.bearer(t, "admin"), "Cookie", "fa.gw.sid=x"}, 400, false},
		{"admin with a bad id", "/branches/x/products", []string{"Authorization", f.bearer(t, "admin")}, 400, false},
		{"bad public id", "/products/x", nil, 400, false},
		{"admin", "/branches/1/products", []string{"Authorization", f.bearer(t, "admin")}, 200, true},
		{"branch-manager", "/branches/2/products", []string{"Authorization", f.bearer(t, "branch-manager")}, 200, true},
		{"customer, stock of a product", "/products/1/stock", []string{"Authorization", f.bearer(t, "customer")}, 403, false},
		{"branch-manager, stock of no product", "/products/x/stock", []string{"Authorization", f.bearer(t, "branch-manager")}, 400, false},
		{"branch-manager, stock of a product", "/products/1/stock", []string{"Authorization", f.bearer(t, "branch-manager")}, 200, true},
		{"branch-manager, what is off sale", "/admin/products?active=false", []string{"Authorization", f.bearer(t, "branch-manager")}, 403, false},
		{"admin, what is off sale", "/admin/products?active=false", []string{"Authorization", f.bearer(t, "admin")}, 200, true},
	}
	for _, tt := range tests {
		before := len(f.requests())
		res, body := f.send(t, http.MethodGet, tt.target, tt.header...)
		if res.StatusCode != tt.want || (len(f.requests()) > before) != tt.reaches {
			t.Errorf("%s = %d %s, reached the service: %v; want %d, %v", tt.name, res.StatusCode, body, len(f.requests()) > before, tt.want, tt.reaches)
		}
		if tt.reaches && f.requests()[before].Header.Get("Authorization") != tt.header[1] {
			t.Errorf("%s: the service got another token than the caller's", tt.name)
		}
		if tt.want == 403 && !strings.Contains(res.Header.Get("WWW-Authenticate"), "insufficient_scope") {
			t.Errorf("%s: WWW-Authenticate = %q", tt.name, res.Header.Get("WWW-Authenticate"))
		}
	}
}

func TestUnsafeMethods_crossOrigin(t *testing.T) {
	t.Parallel()
	f := newFront(t, "GATEWAY_URL=http://shop.localhost:3000")
	for name, tt := range map[string]struct {
		header []string
		want   int
	}{
		"own page":                          {[]string{"Cookie", "fa.gw.sid=x", "Sec-Fetch-Site", "same-origin"}, 303},
		"GATEWAY_URL behind a proxy":        {[]string{"Cookie", "fa.gw.sid=x", "Sec-Fetch-Site", "cross-site", "Origin", "http://shop.localhost:3000"}, 303},
		"user information in the origin":    {[]string{"Cookie", "fa.gw.sid=x", "Origin", "http://evil.example@" + strings.TrimPrefix(f.URL, "http://")}, 403},
		"another site":                      {[]string{"Cookie", "fa.gw.sid=x", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"a sibling subdomain":               {[]string{"Cookie", "fa.gw.sid=x", "Sec-Fetch-Site", "same-site", "Origin", "http://evil.localhost:3000"}, 403},
		"an old browser from another site":  {[]string{"Cookie", "fa.gw.sid=x", "Origin", "https://evil.example"}, 403},
		"an old browser at home":            {[]string{"Cookie", "fa.gw.sid=x", "Origin", "http://shop.localhost:3000"}, 303},
		"whoever says who the host is":      {[]string{"Cookie", "fa.gw.sid=x", "Origin", f.URL}, 403},
		"another site without cookies":      {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		"no browser":                        {nil, 303},
		"Bearer without cookie, cross-site": {[]string{"Authorization", "Bearer x", "Origin", "https://spa.example"}, 303},
	} {
		if res, body := f.send(t, http.MethodPost, "/logout", tt.header...); res.StatusCode != tt.want {
			t.Errorf("%s: %d %s, want %d", name, res.StatusCode, body, tt.want)
		}
	}
}

func TestSurface(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for target, want := range map[string]int{
		"GET /": 200, "HEAD /": 200, "GET /static/shop.css": 200, "GET /healthz": 200, "GET /readyz": 200, "HEAD /products": 200,
		"GET /products/": 404, "GET /branches/1": 404, "GET /admin": 404, "GET /static/": 404, "GET /metrics": 404, "GET /debug/pprof/": 404,
		"PATCH /products": 405, "POST /products/1": 405, "TRACE /products": 405, "PUT /branches/1/products": 405, "GET /products/../branches/1/products": 400,
	} {
		method, path, _ := strings.Cut(target, " ")
		req := &http.Request{Method: method, URL: &url.URL{Scheme: "http", Host: strings.TrimPrefix(f.URL, "http://"), Opaque: path}, Header: http.Header{}}
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != want || (want == 405) != (res.Header.Get("Allow") != "") {
			t.Errorf("%s = %d, Allow %q, want %d", target, res.StatusCode, res.Header.Get("Allow"), want)
		}
	}
}

func TestHome_escapesWhatTheCatalogSays(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	res, body := f.send(t, http.MethodGet, "/")
	if !strings.Contains(body, "&lt;b&gt;Cup&lt;/b&gt;") || strings.Contains(body, "<b>Cup") || !strings.Contains(body, "9.05 EUR") {
		t.Errorf("home = %s", body)
	}
	csp := res.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "form-action 'self' http://localhost:9011") {
		t.Errorf("Content-Security-Policy = %q", csp)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("Cache-Control = %q", res.Header.Get("Cache-Control"))
	}
}

func TestHome_whileTheCatalogIsAway(t *testing.T) {
	t.Parallel()
	f := newFront(t, "CATALOG_URL=http://127.0.0.1:1")
	if res, body := f.send(t, http.MethodGet, "/"); res.StatusCode != http.StatusOK || !strings.Contains(body, "catalog cannot be reached") {
		t.Errorf("home = %d %s, want the page with a notice", res.StatusCode, body)
	}
	if res, _ := f.send(t, http.MethodGet, "/products"); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/products = %d, want 503", res.StatusCode)
	}
}

// A catalog that hangs does not hang the page, however long UPSTREAM_TIMEOUT is.
func TestHome_whileTheCatalogHangs(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	var hanging atomic.Bool
	catalog := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if hanging.Load() {
			<-hang
		}
		_, _ = io.WriteString(w, `{"products":[{"id":1,"name":"Cup","price":905,"currency":"EUR"}]}`)
	}))
	t.Cleanup(func() { close(hang); catalog.Close() })
	f := newFront(t, "CATALOG_URL="+catalog.URL, "UPSTREAM_TIMEOUT=60s")
	f.send(t, http.MethodGet, "/")
	hanging.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: f.Client().Transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if body, _ := io.ReadAll(res.Body); !strings.Contains(string(body), "as it was last seen") || !strings.Contains(string(body), "Cup") {
		t.Errorf("home = %d %s, want the list as it was last seen", res.StatusCode, body)
	}
}

func BenchmarkForward(b *testing.B) {
	f := newFront(b)
	client := http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	for name, header := range map[string]string{"public": "", "user": f.bearer(b, "admin")} {
		path := "/products"
		if header != "" {
			path = "/branches/1/products"
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, f.URL+path, nil)
				if err != nil {
					b.Fatal(err)
				}
				if header != "" {
					req.Header.Set("Authorization", header)
				}
				res, err := client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
	}
}

// RFC 9728: every challenge of the gateway leads to the metadata, which names the identity server.
func TestResourceMetadata(t *testing.T) {
	t.Parallel()
	f := newFront(t, "GATEWAY_URL=http://localhost:3999", "FUSIONAUTH_ISSUER=https://id.example")
	for _, header := range [][]string{{}, {"Authorization", "Bearer x"}} {
		res, _ := f.send(t, http.MethodGet, "/me", header...)
		if got := res.Header.Get("WWW-Authenticate"); !strings.HasSuffix(got, `resource_metadata="http://localhost:3999/.well-known/oauth-protected-resource"`) {
			t.Errorf("WWW-Authenticate = %s", got)
		}
	}
	res, body := f.send(t, http.MethodGet, "/.well-known/oauth-protected-resource")
	for _, want := range []string{`"resource":"http://localhost:3999"`, `"authorization_servers":["https://id.example"]`, `"bearer_methods_supported":["header"]`} {
		if res.StatusCode != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("metadata = %d %s, want %s", res.StatusCode, body, want)
		}
	}
}

// People get pages that say what to do; programs get the document.
func TestProblems_forPeople(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	res, body := f.send(t, http.MethodGet, "/nothing", "Accept", "text/html")
	if res.StatusCode != http.StatusNotFound || !strings.Contains(body, "<h1>We cannot find this</h1>") || !strings.Contains(body, res.Header.Get("X-Request-Id")) {
		t.Errorf("a visit = %d %s", res.StatusCode, body)
	}
	if res, body := f.send(t, http.MethodGet, "/nothing", "Accept", "*/*"); res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, `"code":"not-found"`) {
		t.Errorf("a program = %d %s", res.StatusCode, body)
	}
	token := f.users.UserToken(t, authtest.Claims{"roles": []string{"customer"}})
	res, body = f.send(t, http.MethodGet, "/branches/7/products", "Authorization", "Bearer "+token, "Accept", "text/html")
	if res.StatusCode != http.StatusForbidden || !strings.Contains(body, "<h1>This page is for admins and the managers of branch 7</h1>") {
		t.Errorf("without the role = %d %s", res.StatusCode, body)
	}
}

// Each limit counts its own routes, and counts users where they are known.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	f := newFront(t, "RATE_LIMIT_API=3/1h", "RATE_LIMIT_WEBHOOK=1/1h", "RATE_LIMIT_LOGIN=1/1h")
	statuses := func(n int, method, target string, header ...string) (seen []int) {
		for range n {
			res, _ := f.send(t, method, target, header...)
			seen = append(seen, res.StatusCode)
		}
		return seen
	}
	anna, bert := "Bearer "+f.users.UserToken(t, authtest.Claims{"sub": "anna", "roles": []string{"admin"}}), "Bearer "+f.users.UserToken(t, authtest.Claims{"sub": "bert", "roles": []string{"admin"}})
	for name, tt := range map[string]struct{ got, want []int }{
		"the API, by address":     {statuses(4, http.MethodGet, "/products"), []int{200, 200, 200, 429}},
		"the API, by user":        {statuses(4, http.MethodGet, "/branches/1/products", "Authorization", anna), []int{200, 200, 200, 429}},
		"another user":            {statuses(1, http.MethodGet, "/branches/1/products", "Authorization", bert), []int{200}},
		"the webhook":             {statuses(2, http.MethodPost, "/webhooks/fusionauth"), []int{401, 429}},
		"signing in":              {statuses(2, http.MethodGet, "/oauth-redirect"), []int{302, 429}},
		"what nobody has limited": {statuses(3, http.MethodGet, "/me"), []int{401, 401, 401}},
	} {
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: %v, want %v", name, tt.got, tt.want)
		}
	}
}
