package idp_test

import (
	"net/http"
	"sync"
	"testing"
)

// TestIsolation lets several people log in at once, over and over: nobody ever gets another one's tokens. Under -race it is also
// the test that every shared structure is guarded.
func TestIsolation(t *testing.T) {
	t.Parallel()
	s := start(t)
	people := map[string]string{
		admin: adminID, customer: customerID,
		"anonymous@example.com": "00000000-0000-0000-0000-000000000003", "manager@example.com": "00000000-0000-0000-0000-000000000004",
	}
	var wg sync.WaitGroup
	for email, id := range people {
		wg.Go(func() {
			for range 8 {
				checkOwn(t, s, email, id)
			}
		})
	}
	wg.Wait()
}

// checkOwn signs in once and asks everything that knows the user.
func checkOwn(t *testing.T, s *site, email, id string) {
	t.Helper()
	browser := newBrowser()
	k := s.exchange(t, s.signIn(t, browser, email, nil).Get("code"), nil).tokens(t)
	again := s.refresh(t, k.RefreshToken, nil).tokens(t)
	silent := s.exchange(t, redirected(t, s.get(t, browser, authorizePath(nil))).Get("code"), nil).tokens(t)
	for name, token := range map[string]string{
		"access token": k.AccessToken, "ID token": k.IDToken, "refreshed access token": again.AccessToken,
		"refreshed ID token": again.IDToken, "silent access token": silent.AccessToken,
	} {
		if got := part(t, token, 1)["sub"]; got != id {
			t.Errorf("%s of %s is of %v", name, email, got)
		}
	}
	if got := s.userinfo(t, http.MethodGet, "Bearer "+k.AccessToken).json(t)["email"]; got != email {
		t.Errorf("userinfo of %s = %v", email, got)
	}
	login := s.call(t, http.MethodPost, "/api/login", loginAPIKey, loginBody(email, password(email), clientID)).json(t)
	if got := part(t, login["token"].(string), 1)["sub"]; got != id {
		t.Errorf("Login API token of %s is of %v", email, got)
	}
}
