package main_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/stack"
)

// callbackOf goes through a login up to the redirect to the gateway, and gives its address, unvisited.
func callbackOf(t testing.TB, b *browser.Browser, s *stack.Stack, name, returnTo string) string {
	t.Helper()
	to, err := b.Approach(t.Context(), s.URL(stack.Gateway)+"/login?return_to="+url.QueryEscape(returnTo), s.URL(stack.Gateway)+"/oauth-redirect", use(t).person(name))
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// whoAmI is what /me says to a browser: a status, and its body.
func whoAmI(t testing.TB, b *browser.Browser, s *stack.Stack) (int, string) {
	t.Helper()
	page := get(t, b, s.URL(stack.Gateway)+"/me")
	return page.Status, string(page.Body)
}

func leadsTo(t testing.TB, page browser.Page, status int, location string) {
	t.Helper()
	if page.Status != status || page.Header.Get("Location") != location {
		t.Errorf("the callback is answered %d to %q, want %d to %q", page.Status, page.Header.Get("Location"), status, location)
	}
}

func signedOut(t testing.TB, b *browser.Browser, s *stack.Stack) {
	t.Helper()
	if status, _ := whoAmI(t, b, s); status == http.StatusOK {
		t.Error("somebody is signed in")
	}
}

func TestCallback_leadsToThePageThatWasAskedFor(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	leadsTo(t, get(t, b, callbackOf(t, b, s, "manager", "/branches/1/products")), http.StatusSeeOther, "/branches/1/products")
	if status, body := whoAmI(t, b, s); status != http.StatusOK || !strings.Contains(body, "branch-manager") {
		t.Errorf("/me = %d %s", status, body)
	}
}

func TestCallback_withAnotherState(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	callback, err := url.Parse(callbackOf(t, b, s, "admin", "/products/2"))
	if err != nil {
		t.Fatal(err)
	}
	query := callback.Query()
	query.Set("state", "guess")
	callback.RawQuery = query.Encode()
	leadsTo(t, get(t, b, callback.String()), http.StatusFound, "/login?return_to=%2F&strayed=1")
	signedOut(t, b, s)
}

func TestCallback_ofAnotherBrowser(t *testing.T) {
	t.Parallel()
	s, thief := together(t), browser.New()
	victim := callbackOf(t, browser.New(), s, "admin", "/products/2")
	leadsTo(t, get(t, thief, victim), http.StatusFound, "/login?return_to=%2F&strayed=1")
	signedOut(t, thief, s)
}

// An attacker's code in the victim's own attempt (RFC 9700 §4.5): PKCE refuses it.
func TestCallback_withACodeOfAnotherLogin(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	own, err := url.Parse(callbackOf(t, b, s, "customer", "/"))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := url.Parse(callbackOf(t, browser.New(), s, "admin", "/"))
	if err != nil {
		t.Fatal(err)
	}
	query := own.Query()
	query.Set("code", foreign.Query().Get("code"))
	own.RawQuery = query.Encode()
	if page := get(t, b, own.String()); page.Status != http.StatusBadRequest {
		t.Errorf("the callback is answered %d, want 400", page.Status)
	}
	signedOut(t, b, s)
}

func TestCallback_ofAnAttemptThatNewerOnesHavePushedOut(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	old := callbackOf(t, b, s, "admin", "/products/2")
	for range 10 {
		get(t, b, s.URL(stack.Gateway)+"/login")
	}
	leadsTo(t, get(t, b, old), http.StatusFound, "/login?return_to=%2F&strayed=1")
	signedOut(t, b, s)
}

func TestCallback_replayed(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	callback := callbackOf(t, b, s, "admin", "/products/2")
	leadsTo(t, get(t, b, callback), http.StatusSeeOther, "/products/2")
	leadsTo(t, get(t, b, callback), http.StatusSeeOther, "/") // a reload: still signed in
	if status, _ := whoAmI(t, b, s); status != http.StatusOK {
		t.Errorf("the reload has ended the session: /me = %d", status)
	}
	stranger := browser.New()
	leadsTo(t, get(t, stranger, callback), http.StatusFound, "/login?return_to=%2F&strayed=1")
	signedOut(t, stranger, s)
}

// The attempt's cookie can be kept by whoever has the browser: the state is spent all the same.
func TestCallback_replayedWithItsCookie(t *testing.T) {
	t.Parallel()
	s, b := together(t), browser.New()
	gateway := s.URL(stack.Gateway)
	callback := callbackOf(t, b, s, "admin", "/products/2")
	kept := b.Cookies(gateway)
	leadsTo(t, get(t, b, callback), http.StatusSeeOther, "/products/2")
	replay, err := http.NewRequestWithContext(t.Context(), http.MethodGet, callback, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	replay.Header.Set("Cookie", kept)
	res, err := http.DefaultTransport.RoundTrip(replay)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusFound || res.Header.Get("Location") != "/login?return_to=%2Fproducts%2F2&strayed=1" {
		t.Errorf("the replay is answered %d to %q, want a fresh login", res.StatusCode, res.Header.Get("Location"))
	}
	for _, c := range res.Cookies() {
		if c.Name == "fa.gw.sid" && c.MaxAge >= 0 {
			t.Error("the replay has begun a session")
		}
	}
}

// Session fixation (ASVS 7.2.4): an id that was there before the login is worth nothing after it.
func TestLogin_givesANewSessionID(t *testing.T) {
	t.Parallel()
	s := together(t)
	gateway, err := url.Parse(s.URL(stack.Gateway))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	jar.SetCookies(gateway, []*http.Cookie{{Name: "fa.gw.sid", Value: "planted", Path: "/"}})
	b := browser.WithCookies(jar)
	if err := b.SignIn(t.Context(), gateway.String(), use(t).person("customer")); err != nil {
		t.Fatal(err)
	}
	if cookies := b.Cookies(gateway.String()); strings.Contains(cookies, "planted") {
		t.Error("the planted id has been adopted")
	}
	first := b.Cookies(gateway.String())
	leadsTo(t, get(t, b, s.URL(stack.Gateway)+"/logout"), http.StatusSeeOther, logoutAt(s))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gateway.String()+"/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Cookie", first)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stolen cookie still works after logout: %d", res.StatusCode)
	}
}

func logoutAt(s *stack.Stack) string {
	query := url.Values{"client_id": {stack.ClientID}, "post_logout_redirect_uri": {s.URL(stack.Gateway) + "/"}}
	return s.URL(stack.Identity) + "/oauth2/logout?" + query.Encode()
}

// 127.0.0.1 and localhost are two sites to a browser; the callback goes to localhost, so the login must begin there.
func TestLogin_movesToTheHostOfTheGatewaysURL(t *testing.T) {
	t.Parallel()
	s := together(t)
	other := strings.Replace(s.URL(stack.Gateway), "localhost", "127.0.0.1", 1)
	page := get(t, browser.New(), other+"/login?return_to=/products/2")
	if to := page.Header.Get("Location"); page.Status != http.StatusFound || !strings.HasPrefix(to, s.URL(stack.Gateway)+"/login?") || !strings.Contains(to, "return_to=%2Fproducts%2F2") {
		t.Errorf("the login is answered %d to %q, want a redirect to localhost", page.Status, to)
	}
}
