package idp_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

func TestValidateJWT(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.login(t, admin, nil)
	for name, header := range map[string][]string{
		"header":                     {"Authorization", "Bearer " + k.AccessToken},
		"header in lower case":       {"Authorization", "bearer " + k.AccessToken},
		"cookie of the Login API":    {"Cookie", "access_token=" + k.AccessToken},
		"header before a bad cookie": {"Authorization", "Bearer " + k.AccessToken, "Cookie", "access_token=x"},
	} {
		want := map[string]any{"jwt": part(t, k.AccessToken, 1)}
		if diff := cmp.Diff(want, s.get(t, newBrowser(), "/api/jwt/validate", header...).json(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestValidateJWT_refusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	k := s.login(t, admin, nil)
	for name, header := range map[string][]string{
		"nothing":                       nil,
		"Basic":                         {"Authorization", "Basic " + k.AccessToken},
		"no scheme":                     {"Authorization", k.AccessToken},
		"no JWT":                        {"Authorization", "Bearer x"},
		"refresh token":                 {"Authorization", "Bearer " + k.RefreshToken},
		"bad header with a good cookie": {"Authorization", "Bearer x", "Cookie", "access_token=" + k.AccessToken},
		"no algorithm":                  {"Authorization", "Bearer " + forge(t, k.AccessToken, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, hmacKID, nil)},
		"another key":                   {"Authorization", "Bearer " + forge(t, k.AccessToken, jwt.SigningMethodHS256, []byte("another-key-of-thirty-two-bytes!"), hmacKID, nil)},
		"kid of a public key":           {"Authorization", "Bearer " + forge(t, k.AccessToken, jwt.SigningMethodHS256, []byte(hmacSecret), part(t, k.IDToken, 0)["kid"].(string), nil)},
		"expired":                       {"Authorization", "Bearer " + forge(t, k.AccessToken, jwt.SigningMethodHS256, []byte(hmacSecret), hmacKID, map[string]any{"exp": time.Now().Unix() - 60})},
		"without end":                   {"Authorization", "Bearer " + forge(t, k.AccessToken, jwt.SigningMethodHS256, []byte(hmacSecret), hmacKID, map[string]any{"exp": nil})},
	} {
		if got := s.get(t, newBrowser(), "/api/jwt/validate", header...); got.status != http.StatusUnauthorized || got.text != "" {
			t.Errorf("%s = %d %q, want 401 without a body", name, got.status, got.text)
		}
	}
}
