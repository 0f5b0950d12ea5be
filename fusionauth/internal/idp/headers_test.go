package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestHeaders_ofRedirects: a redirect with a code is not kept, and the next page does not tell others where it came from.
func TestHeaders_ofRedirects(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	s := start(t)
	browser := newBrowser()
	signedIn := s.submit(t, browser, s.get(t, browser, authorizePath(nil)).text, admin, password(admin))
	for name, got := range map[string]answer{
		"form": signedIn, "silent": s.get(t, browser, authorizePath(nil)), "error": s.get(t, browser, authorizePath(params{"scope": "x"})),
	} {
		if got.status != http.StatusFound || got.header.Get("Cache-Control") != "no-store" || got.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %d with headers %v, want a redirect that is no-store and no-referrer", name, got.status, got.header)
		}
	}
	if got := s.get(t, browser, "/oauth2/logout"); got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("logout: Cache-Control = %q, want no-store: it must reach the server each time", got.header.Get("Cache-Control"))
	}
}

// TestHeaders_ofAnswersWithSecrets: whatever holds a token is not kept by any cache on the way (RFC 6749 §5.1).
func TestHeaders_ofAnswersWithSecrets(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.exchange(t, s.code(t, admin, nil), nil)
	for name, got := range map[string]answer{
		"tokens":     k,
		"refresh":    s.refresh(t, k.tokens(t).RefreshToken, nil),
		"userinfo":   s.userinfo(t, http.MethodGet, "Bearer "+k.tokens(t).AccessToken),
		"introspect": s.introspect(t, k.tokens(t).AccessToken, "", nil),
		"login":      s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(admin, password(admin), clientID)),
		"no key":     s.call(t, http.MethodPost, "/api/login", "", "{}"),
		"revoke":     s.call(t, http.MethodDelete, "/api/jwt/refresh?token="+url.QueryEscape(k.tokens(t).RefreshToken), apiKey, ""),
	} {
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control = %q, want no-store", name, got.header.Get("Cache-Control"))
		}
		if got.text != "" && (got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(got.header.Get("Content-Type"), "application/json")) {
			t.Errorf("%s: headers = %v, want JSON that nobody guesses at", name, got.header)
		}
	}
}

// TestHeaders_ofPages: every page is locked down, not the login form alone.
func TestHeaders_ofPages(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["logoutBehavior"] = "AllApplications" }})
	for name, got := range map[string]answer{
		"form":   s.get(t, newBrowser(), authorizePath(nil)),
		"error":  s.get(t, newBrowser(), "/oauth2/authorize?client_id=x", "Accept", "text/html"),
		"logout": s.get(t, newBrowser(), "/oauth2/logout?client_id="+clientID),
		"home":   s.get(t, newBrowser(), "/"),
	} {
		policy := got.header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s: Content-Security-Policy = %q", name, policy)
		}
		if got.header.Get("X-Frame-Options") != "DENY" || got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers = %v", name, got.header)
		}
		if !strings.Contains(got.text, "Local stand-in for development, not FusionAuth.") {
			t.Errorf("%s does not say what this is", name)
		}
	}
}

// TestHeaders_ofPages_keepTheOrigin: with no-referrer a browser would send the form with Origin: null, and old ones send nothing
// else to tell where it comes from.
func TestHeaders_ofPages_keepTheOrigin(t *testing.T) {
	t.Parallel()
	standInOnly(t, ownPages)
	if got := start(t).get(t, newBrowser(), authorizePath(nil)).header.Get("Referrer-Policy"); got != "same-origin" {
		t.Errorf("Referrer-Policy = %q, want same-origin", got)
	}
}

func TestHEAD(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, path := range []string{"/api/status", "/.well-known/jwks.json", "/.well-known/openid-configuration", authorizePath(nil)} {
		got := send(t, newBrowser(), newRequest(t, http.MethodHead, s.url+path, ""))
		if got.status != http.StatusOK || got.text != "" {
			t.Errorf("HEAD %s = %d with %d bytes, want 200 without a body (RFC 9110 §9.3.2)", path, got.status, len(got.text))
		}
	}
}
