package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gin-gonic/gin"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// newFusionAuthFront is a gateway whose public requests carry FusionAuth's token of the anonymous user. The login API answers what
// the test says.
func newFusionAuthFront(t testing.TB) (f *front, identity *authtest.Publisher, login *atomic.Pointer[http.HandlerFunc]) {
	t.Helper()
	f, identity = newKeyFront(t, "ES256", "GATEWAY_TOKEN_SOURCE=fusionauth", "FUSIONAUTH_API_KEY=the-restricted-key", "ANONYMOUS_PASSWORD=the-password")
	login = &atomic.Pointer[http.HandlerFunc]{}
	good := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]string
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("Authorization") != "the-restricted-key" ||
			body["loginId"] != "anonymous@example.com" || body["password"] != "the-password" || body["applicationId"] != authtest.ClientID {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = io.WriteString(w, `{"token":"`+f.users.UserToken(t, authtest.Claims{"roles": []string{"anonymous"}})+`"}`)
	})
	login.Store(&good)
	identity.Handle("POST /api/login", func(w http.ResponseWriter, r *http.Request) { (*login.Load())(w, r) })
	return f, identity, login
}

// FusionAuth makes every token: public requests carry one of the anonymous user, which opens nothing that asks for a role.
func TestFusionAuthsTokens(t *testing.T) {
	t.Parallel()
	f, identity, _ := newFusionAuthFront(t)
	for range 3 {
		if res, body := f.send(t, http.MethodGet, "/products"); res.StatusCode != http.StatusOK {
			t.Fatalf("/products = %d %s", res.StatusCode, body)
		}
	}
	requests := f.requests()
	for _, r := range requests[1:] {
		if r.Header.Get("Authorization") != requests[0].Header.Get("Authorization") {
			t.Error("another token for each request")
		}
	}
	token, err := auth.BearerToken(requests[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"catalog", "inventory"} {
		v := f.service(t, identity, service)
		engine := gin.New()
		engine.GET("/public", auth.Authenticate(v, auth.AnyToken, ""), func(c *gin.Context) { c.Status(http.StatusOK) })
		for _, role := range []auth.Role{auth.Admin, auth.BranchManager, auth.Customer} {
			engine.GET("/"+string(role), auth.Authenticate(v, auth.UserToken, ""), auth.RequireRole("", role), func(c *gin.Context) { c.Status(http.StatusOK) })
		}
		for path, want := range map[string]int{"/public": 200, "/admin": 403, "/branch-manager": 403, "/customer": 403} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			if engine.ServeHTTP(w, r); w.Code != want {
				t.Errorf("%s: %s = %d, want %d", service, path, w.Code, want)
			}
		}
	}
	if res, _ := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", "Bearer "+token); res.StatusCode != http.StatusForbidden {
		t.Errorf("the anonymous user's token on a role route of the gateway = %d, want 403", res.StatusCode)
	}
	if res, _ := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", f.bearer(t, "admin")); res.StatusCode != http.StatusOK {
		t.Errorf("an admin = %d, want 200", res.StatusCode)
	}
}

// Without a token there is nothing to ask with: 503 and not 401, nothing forwarded, and pages still come.
func TestFusionAuthsTokens_notToBeHad(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(f *front, w http.ResponseWriter){
		"away":     func(_ *front, w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
		"gone":     func(*front, http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"refusing": func(_ *front, w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) },
		"forging": func(_ *front, w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"token":"eyJhbGciOiJub25lIn0.e30."}`)
		},
		"too mighty": func(f *front, w http.ResponseWriter) {
			_, _ = io.WriteString(w, `{"token":"`+f.users.UserToken(t, authtest.Claims{"roles": []string{"admin"}})+`"}`)
		},
	} {
		f, _, login := newFusionAuthFront(t)
		bad := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { answer(f, w) })
		login.Store(&bad)
		res, body := f.send(t, http.MethodGet, "/products")
		if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" || res.Header.Get("WWW-Authenticate") != "" || len(f.requests()) != 0 {
			t.Errorf("%s: /products = %d %v %s after %d requests to the service, want 503 with Retry-After", name, res.StatusCode, res.Header, body, len(f.requests()))
		}
		if strings.Contains(body, "sign-in") {
			t.Errorf("%s: the answer speaks to somebody who is signed in: %s", name, body)
		}
		if res, body := f.send(t, http.MethodGet, "/"); res.StatusCode != http.StatusOK || !strings.Contains(body, "catalog") {
			t.Errorf("%s: home = %d, want the page with a notice", name, res.StatusCode)
		}
		if res, _ := f.send(t, http.MethodGet, "/branches/1/products", "Authorization", f.bearer(t, "admin")); res.StatusCode != http.StatusOK {
			t.Errorf("%s: an admin = %d, want 200", name, res.StatusCode)
		}
	}
}

// A page of the gateway's own does not wait for FusionAuth for as long as FusionAuth may take.
func TestFusionAuthsTokens_hangs(t *testing.T) {
	t.Parallel()
	f, _, login := newFusionAuthFront(t)
	gate := make(chan struct{})
	t.Cleanup(func() { close(gate) })
	hang := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gate })
	login.Store(&hang)
	home := make(chan int)
	go func() {
		res, _ := f.send(t, http.MethodGet, "/")
		home <- res.StatusCode
	}()
	slow := make(chan int)
	go func() {
		res, _ := f.send(t, http.MethodGet, "/products")
		slow <- res.StatusCode
	}()
	select {
	case status := <-home:
		if status != http.StatusOK {
			t.Errorf("home = %d, want the page with a notice", status)
		}
	case <-slow:
		t.Error("the page waits longer than a request that needs the token")
		<-home
		return
	}
	if status := <-slow; status != http.StatusServiceUnavailable {
		t.Errorf("/products = %d, want 503", status)
	}
}
