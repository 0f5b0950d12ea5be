package idp_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	s := start(t)
	first := s.login(t, admin, nil)
	second := s.refresh(t, first.RefreshToken, nil).tokens(t)

	if second.RefreshToken != first.RefreshToken || second.RefreshTokenID != first.RefreshTokenID {
		t.Error("a reusable refresh token has changed")
	}
	if second.Scope != "" {
		t.Errorf("scope = %q, want none in a refresh", second.Scope)
	}
	a, b := part(t, first.AccessToken, 1), part(t, second.AccessToken, 1)
	for _, name := range []string{"sub", "aud", "iss", "tid", "sid", "auth_time", "roles", "scope", "applicationId"} {
		if diff := cmp.Diff(a[name], b[name]); diff != "" {
			t.Errorf("%s changed with the refresh (-first +second):\n%s", name, diff)
		}
	}
	if a["jti"] == b["jti"] || b["authenticationType"] != "REFRESH_TOKEN" || b["iat"].(float64) < a["iat"].(float64) {
		t.Errorf("refreshed claims = %v, want a new jti and iat, and authenticationType REFRESH_TOKEN", b)
	}
	if diff := cmp.Diff([]any{"authorization_code", "refresh_token"}, part(t, second.AccessToken, 0)["gty"]); diff != "" {
		t.Errorf("gty (-want +got):\n%s", diff)
	}
	id := part(t, second.IDToken, 1)
	if _, ok := id["nonce"]; ok || id["sub"] != adminID || id["auth_time"] != a["auth_time"] {
		t.Errorf("refreshed ID token = %v, want the same user and auth_time, and no nonce (OpenID Connect Core §12.2)", id)
	}
	third := s.refresh(t, first.RefreshToken, nil).tokens(t)
	if diff := cmp.Diff([]any{"authorization_code", "refresh_token"}, part(t, third.AccessToken, 0)["gty"]); diff != "" {
		t.Errorf("gty of a second refresh (-want +got):\n%s", diff)
	}
}

// TestRefresh_later: a refresh is a new token of an old login.
func TestRefresh_later(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	first := s.login(t, admin, nil)
	s.clock.advance(time.Hour)
	a, b := part(t, first.AccessToken, 1), part(t, s.refresh(t, first.RefreshToken, nil).tokens(t).AccessToken, 1)
	if a["auth_time"] != b["auth_time"] || b["iat"].(float64)-a["iat"].(float64) < 3600 {
		t.Errorf("auth_time %v then %v, iat %v then %v; want the first kept, the second an hour on", a["auth_time"], b["auth_time"], a["iat"], b["iat"])
	}
}

func TestRefresh_ofAnotherClient(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.addOther(nil) }})
	token := s.login(t, admin, nil).RefreshToken
	oauthFault(t, s.refresh(t, token, params{"basic": otherID + ":" + otherSecret}), 400, "invalid_grant", "refresh_token_not_found")
	if got := s.refresh(t, token, nil); got.status != http.StatusOK {
		t.Errorf("the token after another client's try = %d %s, want it to work still", got.status, got.text)
	}
}

func TestRefresh_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.login(t, admin, params{"scope": "openid offline_access"}).RefreshToken
	for _, tt := range []struct {
		name         string
		form         params
		status       int
		code, reason string
	}{
		{"no token", params{"refresh_token": "-"}, 400, "invalid_request", "missing_refresh_token"},
		{"unknown token", params{"refresh_token": "x"}, 400, "invalid_grant", "refresh_token_not_found"},
		{"no secret", params{"basic": "-", "client_id": clientID}, 401, "invalid_client", "client_authentication_missing"},
		{"wider scope", params{"scope": "openid email"}, 400, "invalid_scope", "unknown_scope"},
		{"longer life", params{"expires_in": "601"}, 400, "invalid_request", "invalid_expires_in"},
		{"no life", params{"expires_in": "0"}, 400, "invalid_request", "invalid_expires_in"},
		{"life that is no number", params{"expires_in": "long"}, 400, "invalid_request", "invalid_expires_in"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			oauthFault(t, s.refresh(t, token, tt.form), tt.status, tt.code, tt.reason)
		})
	}
	if got := s.refresh(t, token, nil); got.status != http.StatusOK {
		t.Errorf("the token after the refusals = %d %s, want it to work still", got.status, got.text)
	}
}

func TestRefresh_narrows(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.login(t, admin, nil).RefreshToken
	got := s.refresh(t, token, params{"scope": "openid", "expires_in": "60"}).tokens(t)
	claims := part(t, got.AccessToken, 1)
	if claims["scope"] != "openid" || got.ExpiresIn != 60 || claims["exp"].(float64)-claims["iat"].(float64) != 60 {
		t.Errorf("claims = %v for %d s, want the scope openid for 60 s", claims, got.ExpiresIn)
	}
	if _, ok := part(t, got.IDToken, 1)["email"]; ok {
		t.Error("the narrowed ID token still has the e-mail")
	}
	// Narrowing is for one answer: the grant stays what it was (RFC 6749 §6).
	if whole := s.refresh(t, token, nil).tokens(t); part(t, whole.AccessToken, 1)["scope"] != "openid profile email offline_access" {
		t.Errorf("the next refresh has scope %v, want the whole", part(t, whole.AccessToken, 1)["scope"])
	}
}

func TestRefresh_grantThatIsDisabled(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["enabledGrants"] = []any{"authorization_code"} }})
	oauthFault(t, s.refresh(t, s.login(t, admin, nil).RefreshToken, nil), 400, "unauthorized_client", "grant_type_disabled")
}

func TestRefresh_lifetime(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for policy, after := range map[string]int{"Fixed": http.StatusBadRequest, "SlidingWindow": http.StatusOK} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{edit: func(d document) { d.jwt()["refreshTokenExpirationPolicy"] = policy }})
			token := s.login(t, admin, nil).RefreshToken
			s.clock.advance(20 * day) // of the 30 that the kickstart gives
			if got := s.refresh(t, token, nil); got.status != http.StatusOK {
				t.Fatalf("after 20 days = %d %s", got.status, got.text)
			}
			s.clock.advance(20 * day)
			if got := s.refresh(t, token, nil); got.status != after {
				t.Errorf("after 40 days, used after 20 = %d, want %d", got.status, after)
			}
			s.clock.advance(30 * day)
			oauthFault(t, s.refresh(t, token, nil), 400, "invalid_grant", "refresh_token_not_found")
		})
	}
}

// oneTimeUse is a server whose refresh tokens work once, and so many seconds longer.
func oneTimeUse(grace int) variant {
	return variant{env: map[string]string{"REFRESH_TOKEN_USAGE_POLICY": "OneTimeUse"}, edit: func(d document) {
		d.jwt()["refreshTokenOneTimeUseConfiguration"] = document{"gracePeriodInSeconds": grace}
	}}
}

func TestRefresh_oneTimeUse(t *testing.T) {
	t.Parallel()
	s := start(t, oneTimeUse(0))
	first := s.login(t, admin, nil)
	second := s.refresh(t, first.RefreshToken, nil).tokens(t)
	if second.RefreshToken == first.RefreshToken || second.RefreshTokenID != first.RefreshTokenID {
		t.Errorf("refresh token value kept: %v, id %s then %s; want another value under the same id",
			second.RefreshToken == first.RefreshToken, first.RefreshTokenID, second.RefreshTokenID)
	}
	oauthFault(t, s.refresh(t, first.RefreshToken, nil), 400, "invalid_grant", "refresh_token_not_found")
	if got := s.refresh(t, second.RefreshToken, nil); got.status != http.StatusOK {
		t.Errorf("the new value = %d %s", got.status, got.text)
	}
}

// TestRefresh_oneTimeUseRace: of parallel uses of one value exactly one wins (FI#2867 is what clients then meet).
func TestRefresh_oneTimeUseRace(t *testing.T) {
	t.Parallel()
	s := start(t, oneTimeUse(0))
	token := s.login(t, admin, nil).RefreshToken
	var wg sync.WaitGroup
	won := make(chan struct{}, 16)
	for range 16 {
		wg.Go(func() {
			if s.refresh(t, token, nil).status == http.StatusOK {
				won <- struct{}{}
			}
		})
	}
	wg.Wait()
	if len(won) != 1 {
		t.Errorf("%d of 16 uses succeeded, want exactly one", len(won))
	}
}

// TestRefresh_gracePeriod: whoever comes second, in time, gets the value that the first got, and access tokens that work (FI#2952).
func TestRefresh_gracePeriod(t *testing.T) {
	t.Parallel()
	s := start(t, oneTimeUse(30))
	first := s.login(t, admin, nil).RefreshToken
	values := make(chan string, 16)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { values <- s.refresh(t, first, nil).tokens(t).RefreshToken })
	}
	wg.Wait()
	second := <-values
	for range 15 {
		if got := <-values; got != second || got == first {
			t.Errorf("values differ: %v, changed %v; want one new value for all", got != second, got != first)
		}
	}
	s.clock.advance(30 * time.Second)
	oauthFault(t, s.refresh(t, first, nil), 400, "invalid_grant", "refresh_token_not_found")
	third := s.refresh(t, second, nil).tokens(t).RefreshToken
	body := s.call(t, http.MethodPost, "/api/jwt/refresh", "", `{"refreshToken":"`+second+`"}`).json(t)
	if body["refreshToken"] != third {
		t.Error("the refresh of the Login API has another grace than the token endpoint's")
	}
}
