package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
	"storefront/shared/openapi"
	"storefront/shared/openapi/openapitest"
	"storefront/shared/server"
)

// described is a service that answers with its document to whom it should, and with nothing else.
func described(t testing.TB, users *authtest.Issuer, name string, away *atomic.Bool) string {
	t.Helper()
	source, err := os.ReadFile("../" + name + "/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(func(c *gin.Context) {
		if away != nil && away.Load() {
			c.AbortWithStatus(http.StatusServiceUnavailable)
		}
	}, auth.Authenticate(users.Verifier(t, name), auth.AnyToken, ""))
	server.Get(r, openapi.Path, openapi.MustParse(source).Serve)
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s.URL
}

func newDescribed(t testing.TB, away *atomic.Bool) *front {
	t.Helper()
	users := authtest.New(t, "HS256")
	return openFront(t, users, "JWT_SIGNING_KEY="+users.Users.Secret(),
		"CATALOG_URL="+described(t, users, "catalog", nil), "INVENTORY_URL="+described(t, users, "inventory", away))
}

// Every route of the gateway is described, by itself or by a service, and nothing that it does not have.
func TestDocument_matchesTheRoutes(t *testing.T) {
	t.Parallel()
	f := newDescribed(t, nil)
	res, body := f.send(t, http.MethodGet, openapi.Path)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", res.StatusCode, body)
	}
	contract := openapitest.New(t, []byte(body))
	contract.MatchRoutes(t, f.Config.Handler.(*gin.Engine).Routes())
	if strings.Contains(body, "x-forwarded") || strings.Contains(body, "gatewayToken") || strings.Contains(body, "LOGIN_REDIRECT_URL") {
		t.Error("it tells of what is inside")
	}

	watched := contract.Watch(t, f.Config.Handler)
	admin := f.bearer(t, "admin")
	for target, want := range map[string]map[string]int{
		"/healthz": {"": 200}, "/readyz": {"": 200}, "/openapi.json": {"": 200}, "/docs": {"": 200}, "/me": {"": 401, admin: 200}, "/static/shop.css": {"": 200},
		"/.well-known/jwks.json": {"": 200}, "/.well-known/oauth-protected-resource": {"": 200}, "/logout": {"": 303}, "/logout/frontchannel": {"": 200},
		"/branches": {"": 401, f.bearer(t, "customer"): 403}, "/products/one": {"": 400}, "/login": {"": 503}, "/static/none": {"": 404},
	} {
		for token, status := range want {
			req := httptest.NewRequest(http.MethodGet, target, nil)
			if req.Host = "localhost:3000"; token != "" {
				req.Header.Set("Authorization", token)
			}
			w := httptest.NewRecorder()
			if watched.ServeHTTP(w, req); w.Code != status {
				t.Errorf("%s with %.10q = %d, want %d", target, token, w.Code, status)
			}
		}
	}
}

// A service that has never answered is left out, and comes in when it does.
func TestDocument_serviceAway(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	away.Store(true)
	f := newDescribed(t, &away)
	var doc struct {
		Paths   map[string]any
		LeftOut []string `json:"x-left-out"`
	}
	_, body := f.send(t, http.MethodGet, openapi.Path)
	if err := json.Unmarshal([]byte(body), &doc); err != nil || doc.Paths["/products"] == nil || doc.Paths["/branches"] != nil || !slices.Equal(doc.LeftOut, []string{"inventory"}) {
		t.Errorf("paths %d, left out %q, %v", len(doc.Paths), doc.LeftOut, err)
	}
	if _, page := f.send(t, http.MethodGet, "/docs"); !strings.Contains(page, "The inventory cannot be reached") || strings.Contains(page, "POST /branches") {
		t.Error("the page does not say that a part is missing")
	}
}

func TestDocs_page(t *testing.T) {
	t.Parallel()
	f := newDescribed(t, nil)
	res, page := f.send(t, http.MethodGet, "/docs", "Accept", "text/html")
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'; style-src 'self'") {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	for _, text := range []string{
		`<code>/branches/{id}/movements</code>`, "For <strong>admin or branch-manager</strong>", "For <strong>everybody</strong>",
		`curl -X POST -H &#34;Authorization: Bearer $TOKEN&#34; -H &#39;Idempotency-Key: 5f1c9a52-till-3&#39; -H &#39;Content-Type: application/json&#39; -d &#39;{&#34;kind&#34;:&#34;sell&#34;,&#34;product_id&#34;:1,&#34;quantity&#34;:2}&#39; &#39;http://localhost:3000/branches/1/movements&#39;`,
		`curl &#39;http://localhost:3000/products/7&#39;`, `<a href="#schema-Product">Product</a>`, `id="schema-Product"`, "<code>cursor</code>",
	} {
		if !strings.Contains(page, text) {
			t.Errorf("the page lacks %s", text)
		}
	}
	if strings.Contains(page, "<script") || strings.Contains(page, "style=") || strings.Contains(strings.ReplaceAll(page, "http://localhost:3000", ""), "http://") {
		t.Error("the page runs something, or loads something from elsewhere")
	}
	for _, text := range []string{`<title>API · Storefront</title>`, `href="/login?return_to=%2Fdocs"`, `<footer`} {
		if !strings.Contains(page, text) {
			t.Errorf("the page is no page of the shop: it lacks %s", text)
		}
	}
}

// Where FusionAuth makes every token, the documents are read with the one of the anonymous user, which opens nothing else.
func TestDocument_withFusionAuthsTokens(t *testing.T) {
	t.Parallel()
	f, identity, _ := newFusionAuthFront(t)
	if res, body := f.send(t, http.MethodGet, openapi.Path); res.StatusCode != http.StatusOK || !strings.Contains(body, `"x-left-out":["catalog","inventory"]`) {
		t.Errorf("%d %.100s, want the gateway's own: what these services answer is no document", res.StatusCode, body)
	}
	requests := f.requests()
	if len(requests) != 2 {
		t.Fatalf("%d requests reached the services, want one each", len(requests))
	}
	for _, r := range requests {
		token, err := auth.BearerToken(r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.service(t, identity, "inventory").Verify(t.Context(), token, auth.Target{Method: http.MethodGet, URI: r.RequestURI})
		if err != nil || r.RequestURI != openapi.Path || !slices.Equal(p.Roles, []auth.Role{auth.Anonymous}) {
			t.Errorf("%s as %+v, %v", r.RequestURI, p, err)
		}
	}
}
