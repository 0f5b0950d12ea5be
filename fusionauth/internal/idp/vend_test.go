package idp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/kickstart"
)

// vend asks for a token of the caller's own claims.
func (s *site) vend(t testing.TB, key, body string) answer {
	t.Helper()
	return s.call(t, http.MethodPost, "/api/jwt/vend", key, body)
}

func TestVendJWT(t *testing.T) {
	t.Parallel()
	s := start(t)
	for keyID, algorithm := range map[string]string{
		hmacKeyID: "HS256", rsaKeyID: "RS256", ecKeyID: "ES256", edKeyID: "EdDSA", strings.ToUpper(hmacKeyID): "HS256",
	} {
		got := s.vend(t, apiKey, `{"keyId":"`+keyID+`","timeToLiveInSeconds":60,"claims":{"sub":"me","list":[1],"exp":1,"iat":2}}`)
		if got.status != http.StatusOK {
			t.Fatalf("%s: vend = %d %s", algorithm, got.status, got.text)
		}
		token := got.json(t)["token"].(string)
		claims := part(t, token, 1)
		if life := claims["exp"].(float64) - claims["iat"].(float64); life != 60 || claims["iat"].(float64) < 1e9 {
			t.Errorf("%s: a life of %v from %v, want 60 s from now, whatever exp and iat were sent", algorithm, life, claims["iat"])
		}
		delete(claims, "exp")
		delete(claims, "iat")
		if diff := cmp.Diff(map[string]any{"sub": "me", "list": []any{1.0}}, claims); diff != "" {
			t.Errorf("%s: claims (-want +got):\n%s", algorithm, diff)
		}
		if alg := part(t, token, 0)["alg"]; alg != algorithm {
			t.Errorf("alg = %v, want %s", alg, algorithm)
		}
		if valid := s.get(t, newBrowser(), "/api/jwt/validate", "Authorization", "Bearer "+token); valid.status != http.StatusOK {
			t.Errorf("%s: validation = %d", algorithm, valid.status)
		}
	}
}

// TestVendJWT_defaults: the tenant's key and lifetime, and no claims.
func TestVendJWT_defaults(t *testing.T) {
	t.Parallel()
	claims := part(t, start(t).vend(t, apiKey, `{}`).json(t)["token"].(string), 1)
	if len(claims) != 2 || claims["exp"].(float64)-claims["iat"].(float64) != 3600 {
		t.Errorf("claims = %v, want exp and iat alone, an hour apart", claims)
	}
}

func TestVendJWT_keepsNumbers(t *testing.T) {
	t.Parallel()
	token := start(t).vend(t, apiKey, `{"claims":{"n":9007199254740993}}`).json(t)["token"].(string)
	if raw := decoded(t, token, 1); !strings.Contains(raw, `"n":9007199254740993`) {
		t.Errorf("claims = %s, want the number as it was sent", raw)
	}
}

func TestVendJWT_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, tt := range []struct {
		name, key, body string
		status          int
		field           string
	}{
		{"no key", "", `{}`, http.StatusUnauthorized, ""},
		{"key of other endpoints", loginAPIKey, `{}`, http.StatusUnauthorized, ""},
		{"no JSON", apiKey, `x`, http.StatusBadRequest, ""},
		{"unknown signing key", apiKey, `{"keyId":"` + tenantID + `"}`, http.StatusBadRequest, "keyId"},
		// it stands for a client secret, and there is no client here: an empty secret would sign
		{"shadow key", apiKey, `{"keyId":"` + kickstart.ShadowSHA256 + `"}`, http.StatusBadRequest, "keyId"},
		{"no life", apiKey, `{"timeToLiveInSeconds":0}`, http.StatusBadRequest, "timeToLiveInSeconds"},
		{"negative life", apiKey, `{"timeToLiveInSeconds":-1}`, http.StatusBadRequest, "timeToLiveInSeconds"},
		{"life without end", apiKey, `{"timeToLiveInSeconds":9223372036}`, http.StatusBadRequest, "timeToLiveInSeconds"},
	} {
		got := s.vend(t, tt.key, tt.body)
		if got.status != tt.status || tt.field != "" && !strings.Contains(got.text, `"`+tt.field+`"`) {
			t.Errorf("%s = %d %s, want %d about %q", tt.name, got.status, got.text, tt.status, tt.field)
		}
	}
}

// TestVendJWT_ofNobody: a vended token can look like an access token of a user who does not exist, and userinfo must bear it.
func TestVendJWT_ofNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	claims := `{"aud":"` + clientID + `","iss":"` + s.url + `","scope":"openid email","sub":"nobody"}`
	token := s.vend(t, apiKey, `{"keyId":"`+hmacKeyID+`","claims":`+claims+`}`).json(t)["token"].(string)
	oauthFault(t, s.userinfo(t, http.MethodGet, "Bearer "+token), http.StatusUnauthorized, "invalid_token", "access_token_invalid")
}
