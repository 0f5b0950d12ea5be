package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"storefront/shared/auth"
)

// A page asks the catalog with a token of the gateway's own, and inventory with the visitor's, whatever the browser sent along.
func TestPages_carryTheRightTokens(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	catalog, bearer := f.users.Verifier(t, "catalog"), f.bearer(t, "admin")
	for target, want := range map[string]auth.Kind{"/": auth.GatewayToken, "/shop/1": auth.GatewayToken, "/stock": auth.UserToken, "/stock/1": auth.UserToken, "/edit/1": auth.UserToken} {
		before := len(f.requests())
		res, body := f.send(t, http.MethodGet, target, "Authorization", bearer, "Accept", "text/html", "X-Roles", "admin", "Idempotency-Key", "planted-by-a-client")
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s = %d %s", target, res.StatusCode, body)
		}
		for _, got := range f.requests()[before:] {
			token, err := auth.BearerToken(got)
			if err != nil {
				t.Fatal(err)
			}
			p, err := catalog.Verify(t.Context(), token, auth.Target{Method: got.Method, URI: got.RequestURI})
			if err != nil || p.Kind != want {
				t.Errorf("%s asks for %s as %+v, %v", target, got.RequestURI, p, err)
			}
			if got.Header.Get("X-Roles") != "" || got.Header.Get("Idempotency-Key") != "" || got.Header.Get("X-Request-Id") != res.Header.Get("X-Request-Id") {
				t.Errorf("%s sends %v", target, got.Header)
			}
		}
		if len(f.requests()) == before {
			t.Errorf("%s asks nobody", target)
		}
	}
}

// A problem that is found before anybody has looked for a session still has its page.
func TestPages_problemBeforeTheSession(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	res, body := f.send(t, http.MethodGet, "/account", "Accept", "text/html", "Authorization", f.bearer(t, "admin"), "Cookie", "fa.gw.sid=x")
	if res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "not both") || !strings.Contains(body, res.Header.Get("X-Request-Id")) {
		t.Errorf("= %d %s", res.StatusCode, body)
	}
}

// Another site's form reaches nothing, and no page of ours offers to send it.
func TestPages_anotherSitesForm(t *testing.T) {
	t.Parallel()
	f := newFront(t)
	for _, target := range []string{"/edit/1", "/edit/new", "/stock/1/move", "/account/sessions/x/end"} {
		for name, header := range map[string][]string{"of nobody": nil, "with a cookie": {"Cookie", "fa.gw.sid=x"}} {
			header = append(header, "Accept", "text/html", "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
			res, body := f.send(t, http.MethodPost, target, header...)
			if res.StatusCode != http.StatusForbidden || strings.Contains(body, `action="`+target) || len(f.requests()) > 0 {
				t.Errorf("%s %s = %d %s", target, name, res.StatusCode, body)
			}
		}
	}
}

// What the tokens said is told under the name in GATEWAY_URL, and linked to from there alone.
func TestExplain_underTheGatewaysOwnName(t *testing.T) {
	t.Parallel()
	f := newFront(t, "EXPLAIN_TOKENS=true", "GATEWAY_URL=http://localhost:4242")
	for host, status := range map[string]int{"localhost:4242": http.StatusOK, "localhost:3000": http.StatusNotFound, "127.0.0.1:4242": http.StatusNotFound, "evil.example:4242": http.StatusNotFound} {
		for i, target := range []string{"/", "/explain"} {
			want := []int{http.StatusOK, status}[i]
			w, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil)
			req.Host = host
			req.Header.Set("Accept", "text/html")
			f.Config.Handler.ServeHTTP(w, req)
			if links := strings.Contains(w.Body.String(), `href="/explain/`); w.Code != want || links != (status == http.StatusOK) {
				t.Errorf("%s at %s = %d, links to a story: %t", target, host, w.Code, links)
			}
		}
	}
}
