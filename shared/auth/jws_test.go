package auth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

const plainPayload = `{"any":"text","any":"even this"}`

// plainHeader is the header of a JWS as FusionAuth signs its events.
func plainHeader(key authtest.Key, parameters authtest.Claims) authtest.Claims {
	header := authtest.Claims{"alg": key.Key.Algorithm, "typ": "JWT", "kid": key.Key.ID}
	for name, v := range parameters {
		header[name] = v
		if v == authtest.Absent {
			delete(header, name)
		}
	}
	return header
}

func TestOpenJWS(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		key := authtest.NewKey(t, algorithm, "events")
		for name, parameters := range map[string]authtest.Claims{
			"typ JWT": {}, "no typ": {"typ": authtest.Absent}, "other parameters": {"gty": []string{"x"}, "x5u": "https://evil.example"},
		} {
			signed := key.RawToken(t, plainHeader(key, parameters).JSON(t), plainPayload)
			payload, err := auth.OpenJWS(t.Context(), auth.StaticKeys(key.Key), signed)
			if err != nil || payload != plainPayload {
				t.Errorf("%s, %s: OpenJWS = %q, %v, want the payload as it is", algorithm, name, payload, err)
			}
		}
	}
}

func TestOpenJWS_refuses(t *testing.T) {
	t.Parallel()
	key, other := authtest.NewKey(t, "RS256", "events"), authtest.NewKey(t, "RS256", "events")
	with := func(parameters authtest.Claims) string {
		return key.RawToken(t, plainHeader(key, parameters).JSON(t), plainPayload)
	}
	good := with(nil)
	for name, tt := range map[string]struct {
		signed string
		want   auth.Refusal
	}{
		"nothing":                       {"", auth.ErrMalformed},
		"two parts":                     {good[:strings.LastIndexByte(good, '.')], auth.ErrMalformed},
		"four parts":                    {good + ".x", auth.ErrMalformed},
		"8 KB and more":                 {good + strings.Repeat("A", auth.MaxTokenBytes), auth.ErrTooLong},
		"another key of this kid":       {other.RawToken(t, plainHeader(key, nil).JSON(t), plainPayload), auth.ErrSignature},
		"changed after it was signed":   {swapPayload(good, `{"any":"more"}`), auth.ErrSignature},
		"unsigned, alg none":            {bare(t, key, "none"), auth.ErrAlgorithm},
		"alg none, well signed":         {with(authtest.Claims{"alg": "none"}), auth.ErrAlgorithm},
		"no alg":                        {with(authtest.Claims{"alg": authtest.Absent}), auth.ErrAlgorithm},
		"HS256 with the public key":     {confused(t, key), auth.ErrAlgorithm},
		"kid of nobody":                 {with(authtest.Claims{"kid": "stranger"}), auth.ErrUnknownKey},
		"no kid":                        {with(authtest.Claims{"kid": authtest.Absent}), auth.ErrUnknownKey},
		"kid is a number":               {with(authtest.Claims{"kid": 7}), auth.ErrKeyID},
		"crit":                          {with(authtest.Claims{"crit": []string{"exp"}}), auth.ErrHeader},
		"payload not encoded":           {with(authtest.Claims{"b64": false}), auth.ErrHeader},
		"compressed":                    {with(authtest.Claims{"zip": "DEF"}), auth.ErrHeader},
		"encrypted":                     {with(authtest.Claims{"enc": "A256GCM"}), auth.ErrHeader},
		"typ of an access token":        {with(authtest.Claims{"typ": "at+jwt"}), auth.ErrType},
		"typ of a gateway token":        {with(authtest.Claims{"typ": "gateway+jwt"}), auth.ErrType},
		"typ of another protocol":       {with(authtest.Claims{"typ": "logout+jwt"}), auth.ErrType},
		"typ is null":                   {with(authtest.Claims{"typ": nil}), auth.ErrType},
		"header with a name twice":      {key.RawToken(t, `{"alg":"RS256","kid":"events","kid":"events"}`, plainPayload), auth.ErrMalformed},
		"header in another letter case": {key.RawToken(t, `{"ALG":"RS256","kid":"events"}`, plainPayload), auth.ErrAlgorithm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload, err := auth.OpenJWS(t.Context(), auth.StaticKeys(key.Key), tt.signed)
			if !errors.Is(err, tt.want) || payload != "" {
				t.Errorf("OpenJWS = %q, %v, want %v", payload, err, tt.want)
			}
		})
	}
}

func TestOpenJWS_keysAway(t *testing.T) {
	t.Parallel()
	key := authtest.NewKey(t, "ES256", "events")
	r := newRemote(t, key.Key)
	r.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	signed := key.RawToken(t, plainHeader(key, nil).JSON(t), plainPayload)
	if _, err := auth.OpenJWS(t.Context(), r.KeySet, signed); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("OpenJWS without keys = %v, want %v", err, auth.ErrUnavailable)
	}
	r.Set(t, key.Key)
	r.advance(auth.EmptyPause)
	if _, err := auth.OpenJWS(t.Context(), r.KeySet, signed); err != nil {
		t.Errorf("OpenJWS with keys again = %v", err)
	}
}

func swapPayload(signed, payload string) string {
	parts := strings.Split(signed, ".")
	return parts[0] + "." + authtest.Encode(payload) + "." + parts[2]
}

func bare(t *testing.T, key authtest.Key, alg string) string {
	t.Helper()
	return authtest.Encode(plainHeader(key, authtest.Claims{"alg": alg}).JSON(t)) + "." + authtest.Encode(plainPayload) + "."
}

// confused is signed with the public key, as a secret.
func confused(t *testing.T, key authtest.Key) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"any": "text"})
	token.Header["kid"] = key.Key.ID
	forged, err := token.SignedString(spellings(t, key.Key)["PEM"])
	if err != nil {
		t.Fatal(err)
	}
	return forged
}
