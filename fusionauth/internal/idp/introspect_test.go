package idp_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// introspect asks about a token; hint "" sends none.
func (s *site) introspect(t testing.TB, token, hint string, form params) answer {
	t.Helper()
	all := params{"token": token}
	if hint != "" {
		all["token_type_hint"] = hint
	}
	maps.Copy(all, form)
	return s.post(t, "/oauth2/introspect", all)
}

func TestIntrospect(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.login(t, admin, nil)
	for _, tt := range []struct {
		name, token, hint string
		active            bool
	}{
		{"access token", k.AccessToken, "", true},
		{"access token as one", k.AccessToken, "access_token", true},
		{"access token as ID token", k.AccessToken, "id_token", false},
		{"ID token", k.IDToken, "", true},
		{"ID token as one", k.IDToken, "id_token", true},
		{"ID token as access token", k.IDToken, "access_token", false},
		{"refresh token without hint", k.RefreshToken, "", false},
		{"refresh token as one", k.RefreshToken, "refresh_token", true},
		{"access token as refresh token", k.AccessToken, "refresh_token", false},
		{"unknown hint", k.AccessToken, "token", false},
		{"garbage", "x", "", false},
		{"cut", k.AccessToken[:len(k.AccessToken)-2], "", false},
	} {
		got := s.introspect(t, tt.token, tt.hint, nil).json(t)
		if got["active"] != tt.active {
			t.Errorf("%s: active = %v, want %v", tt.name, got["active"], tt.active)
		}
		if !tt.active && len(got) != 1 {
			t.Errorf("%s: answer = %v, want nothing but active (RFC 7662 §2.2)", tt.name, got)
		}
	}
}

func TestIntrospect_claims(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.login(t, admin, nil)
	for _, token := range []string{k.AccessToken, k.IDToken} {
		want := part(t, token, 1)
		want["active"] = true
		if diff := cmp.Diff(want, s.introspect(t, token, "", nil).json(t)); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	}
}

// TestIntrospect_oneKeyForBoth: where RS256 signs both kinds of token, the hint still tells them apart.
func TestIntrospect_oneKeyForBoth(t *testing.T) {
	t.Parallel()
	s := start(t, variant{env: map[string]string{"ACCESS_TOKEN_KEY_ID": rsaKeyID}})
	k := s.login(t, admin, nil)
	for _, tt := range []struct{ token, hint string }{{k.AccessToken, "id_token"}, {k.IDToken, "access_token"}} {
		if got := s.introspect(t, tt.token, tt.hint, nil).json(t); got["active"] != false {
			t.Errorf("a token of the other kind as %s = %v", tt.hint, got)
		}
	}
}

func TestIntrospect_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.login(t, admin, nil).AccessToken
	oauthFault(t, s.introspect(t, token, "", params{"basic": "-"}), http.StatusBadRequest, "invalid_request", "missing_client_id")
	oauthFault(t, s.introspect(t, token, "", params{"basic": "-", "client_id": clientID}), http.StatusUnauthorized, "invalid_client", "client_authentication_missing")
	oauthFault(t, s.introspect(t, "-", "", nil), http.StatusBadRequest, "invalid_request", "missing_token")
	asJSON := newRequest(t, http.MethodPost, s.url+"/oauth2/introspect", `{}`, "Content-Type", "application/json")
	oauthFault(t, send(t, newBrowser(), asJSON), http.StatusBadRequest, "invalid_request", "unknown")
}

func TestIntrospect_byAnotherClient(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.addOther(nil) }})
	k := s.login(t, admin, nil)
	other := params{"basic": otherID + ":" + otherSecret}
	for hint, token := range map[string]string{"access_token": k.AccessToken, "id_token": k.IDToken, "refresh_token": k.RefreshToken} {
		oauthFault(t, s.introspect(t, token, hint, other), http.StatusUnauthorized, "invalid_client", "client_id_mismatch")
	}
}

func TestIntrospect_afterTheEnd(t *testing.T) {
	t.Parallel()
	s := start(t, variant{})
	k := s.login(t, admin, nil)
	s.clock.advance(10 * time.Minute)
	for _, token := range []string{k.AccessToken, k.IDToken} {
		if got := s.introspect(t, token, "", nil).json(t); got["active"] != false {
			t.Errorf("expired token = %v, want it inactive", got)
		}
	}
	if got := s.introspect(t, k.RefreshToken, "refresh_token", nil).json(t); got["active"] != true {
		t.Errorf("refresh token = %v, want it active still", got)
	}
	s.call(t, http.MethodDelete, "/api/jwt/refresh?token="+url.QueryEscape(k.RefreshToken), apiKey, "")
	if got := s.introspect(t, k.RefreshToken, "refresh_token", nil).json(t); got["active"] != false {
		t.Errorf("revoked refresh token = %v, want it inactive", got)
	}
}
