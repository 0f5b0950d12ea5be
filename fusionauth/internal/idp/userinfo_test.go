package idp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func (s *site) userinfo(t testing.TB, method, authorization string) answer {
	t.Helper()
	r := newRequest(t, method, s.url+"/oauth2/userinfo", "")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	return send(t, newBrowser(), r)
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	s := start(t)
	for scope, want := range map[string]map[string]any{
		"openid":         {"sub": adminID},
		"openid email":   {"sub": adminID, "email": admin, "email_verified": true},
		"openid profile": {"sub": adminID, "given_name": "Admin", "family_name": "Example", "name": "Admin Example"},
	} {
		token := s.login(t, admin, params{"scope": scope}).AccessToken
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if diff := cmp.Diff(want, s.userinfo(t, method, "Bearer "+token).json(t)); diff != "" {
				t.Errorf("%s with scope %q (-want +got):\n%s", method, scope, diff)
			}
		}
		if got := s.userinfo(t, http.MethodGet, "bearer "+token); got.status != http.StatusOK {
			t.Errorf("scheme in lower case = %d, want 200 (RFC 9110 §11.1)", got.status)
		}
	}
}

func TestUserinfo_compatibility(t *testing.T) {
	t.Parallel()
	s := start(t, variant{edit: func(d document) { d.oauth()["scopeHandlingPolicy"] = "Compatibility" }})
	want := map[string]any{
		"sub": adminID, "email": admin, "email_verified": true, "given_name": "Admin", "family_name": "Example", "name": "Admin Example",
		"applicationId": clientID, "roles": []any{"admin"},
	}
	got := s.userinfo(t, http.MethodGet, "Bearer "+s.login(t, admin, params{"scope": "-"}).AccessToken)
	if diff := cmp.Diff(want, got.json(t)); diff != "" {
		t.Errorf("userinfo (-want +got):\n%s", diff)
	}
}

// forge signs claims with the shared key, changed from those of a good token.
func forge(t testing.TB, token string, method jwt.SigningMethod, key any, kid string, change map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims(part(t, token, 1))
	for name, value := range change {
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
	}
	forged := jwt.NewWithClaims(method, claims)
	forged.Header["kid"] = kid
	text, err := forged.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestUserinfo_refusals(t *testing.T) {
	t.Parallel()
	t.Run("as set up", func(t *testing.T) {
		t.Parallel()
		checkRefusals(t, start(t))
	})
	for _, keyID := range []string{hmacKeyID, rsaKeyID, ecKeyID, edKeyID} {
		t.Run(keyID, func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{env: map[string]string{"ACCESS_TOKEN_KEY_ID": keyID}, edit: func(d document) { d.addOther(nil) }})
			checkRefusals(t, s)
			token := s.login(t, admin, nil).AccessToken
			s.clock.advance(10 * time.Minute)
			oauthFault(t, s.userinfo(t, http.MethodGet, "Bearer "+token), http.StatusUnauthorized, "invalid_token", "access_token_expired")
		})
	}
}

// checkRefusals sends userinfo what is no access token for it.
func checkRefusals(t *testing.T, s *site) {
	t.Helper()
	good := s.login(t, admin, nil)
	hs := func(change map[string]any) string {
		return "Bearer " + forge(t, good.AccessToken, jwt.SigningMethodHS256, []byte(hmacSecret), hmacKID, change)
	}
	for _, tt := range []struct{ name, authorization, reason string }{
		{"no token", "", "access_token_required"},
		{"Basic", "Basic " + good.AccessToken, "access_token_required"},
		{"no scheme", good.AccessToken, "access_token_required"},
		{"no JWT", "Bearer x", "access_token_malformed"},
		{"ID token", "Bearer " + good.IDToken, "access_token_invalid"},
		{"refresh token", "Bearer " + good.RefreshToken, "access_token_malformed"},
		{"no algorithm", "Bearer " + forge(t, good.AccessToken, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, hmacKID, nil), "access_token_invalid"},
		{"another key", "Bearer " + forge(t, good.AccessToken, jwt.SigningMethodHS256, []byte("another-key-of-thirty-two-bytes!"), hmacKID, nil), "access_token_invalid"},
		{"another algorithm of the same key", "Bearer " + forge(t, good.AccessToken, jwt.SigningMethodHS512, []byte(hmacSecret), hmacKID, nil), "access_token_invalid"},
		{"unknown kid", "Bearer " + forge(t, good.AccessToken, jwt.SigningMethodHS256, []byte(hmacSecret), "x", nil), "access_token_invalid"},
		{"another issuer", hs(map[string]any{"iss": "acme.com"}), "access_token_invalid"},
		{"another audience", hs(map[string]any{"aud": otherID}), "access_token_invalid"},
		{"no audience", hs(map[string]any{"aud": nil}), "access_token_invalid"},
		{"no expiry", hs(map[string]any{"exp": nil}), "access_token_invalid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.userinfo(t, http.MethodGet, tt.authorization)
			oauthFault(t, got, http.StatusUnauthorized, "invalid_token", tt.reason)
			want := `Bearer error="invalid_token"`
			if tt.reason == "access_token_required" {
				want = "Bearer" // no code when nothing was sent (RFC 6750 §3.1)
			}
			if challenge := got.header.Get("WWW-Authenticate"); challenge != want {
				t.Errorf("WWW-Authenticate = %q, want %q", challenge, want)
			}
		})
	}
	scopeless := s.login(t, admin, params{"scope": "email"})
	oauthFault(t, s.userinfo(t, http.MethodGet, "Bearer "+scopeless.AccessToken), http.StatusForbidden, "insufficient_scope", "missing_required_scope")
}
