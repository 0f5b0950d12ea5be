package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T2: whoever has the public key has a string of bytes, and HS256 takes any string of bytes.
func TestVerifier_algorithmConfusion(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		iss := newIssuer(t, algorithm)
		alone := iss.Verifier(t, "catalog")
		withSecret := verifierWith(t, iss, authtest.NewKey(t, "HS256", "shared").Key, iss.Users.Key)
		for name, secret := range spellings(t, iss.Users.Key) {
			for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
				t.Run(algorithm+"/T2 "+method.Alg()+" with the public key as "+name, func(t *testing.T) {
					t.Parallel()
					token := jwt.NewWithClaims(method, jwt.MapClaims(iss.UserClaims(authtest.Claims{"roles": []string{"admin"}})))
					token.Header["kid"] = iss.Users.Key.ID
					forged, err := token.SignedString(secret)
					if err != nil {
						t.Fatal(err)
					}
					if _, err := alone.Verify(t.Context(), forged, product); !errors.Is(err, auth.ErrAlgorithm) {
						t.Errorf("Verify = %v, want %v", err, auth.ErrAlgorithm)
					}
					if _, err := withSecret.Verify(t.Context(), forged, product); !refused(err) {
						t.Errorf("Verify, a secret being there as well = %v, want a refusal", err)
					}
				})
			}
		}
	}
}

// spellings are the bytes that a public key may be taken for.
func spellings(t *testing.T, key auth.Key) map[string][]byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	jwks := authtest.JWKS(t, key)
	all := map[string][]byte{
		"PEM":                      block,
		"PEM without last newline": bytes.TrimSpace(block),
		"PEM with CRLF":            bytes.ReplaceAll(block, []byte("\n"), []byte("\r\n")),
		"PEM without newlines":     bytes.ReplaceAll(block, []byte("\n"), nil),
		"DER":                      der,
		"DER in base64":            []byte(base64.StdEncoding.EncodeToString(der)),
		"DER in base64url":         []byte(base64.RawURLEncoding.EncodeToString(der)),
		"DER in hex":               []byte(hex.EncodeToString(der)),
		"bare key":                 der[len(der)-32:],
		"JWKS":                     []byte(jwks),
		"JWK":                      []byte(strings.TrimSuffix(strings.TrimPrefix(jwks, `{"keys":[`), `]}`)),
		"nothing":                  {},
	}
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		all["PKCS 1"] = x509.MarshalPKCS1PublicKey(public)
		all["PKCS 1 PEM"] = pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: all["PKCS 1"]})
		all["modulus"] = public.N.Bytes()
	case *ecdsa.PublicKey:
		if all["point"], err = public.Bytes(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// T3: a header that brings or names its own key. None is looked at, and nothing is fetched.
func TestVerifier_keysOfTheAttacker(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		iss, evil := newIssuer(t, algorithm), authtest.NewKey(t, algorithm, "evil")
		v := iss.Verifier(t, "catalog")
		jwks := authtest.JWKS(t, evil.Key)
		var hits atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			hits.Add(1)
			_, _ = fmt.Fprint(w, jwks)
		}))
		for name, parameters := range map[string]authtest.Claims{
			"jku":                  {"jku": server.URL},
			"jku and its kid":      {"jku": server.URL, "kid": "evil"},
			"x5u":                  {"x5u": server.URL},
			"kid is a URL":         {"kid": server.URL},
			"jwk":                  {"jwk": jwt.MapClaims{"kty": "OKP", "kid": "evil", "text": jwks}},
			"x5c":                  {"x5c": []string{base64.StdEncoding.EncodeToString([]byte(jwks))}},
			"x5t of another":       {"x5t": "AAAA", "x5t#S256": "AAAA"},
			"the issuer's own kid": {},
		} {
			forged := evil.Token(t, iss.UserHeader(parameters), iss.UserClaims())
			if _, err := v.Verify(t.Context(), forged, product); !refused(err) {
				t.Errorf("%s: T3 %s: Verify = %v, want a refusal", algorithm, name, err)
			}
			own := iss.Users.Token(t, iss.UserHeader(parameters, authtest.Claims{"kid": iss.Users.Key.ID}), iss.UserClaims())
			if _, err := v.Verify(t.Context(), own, product); err != nil {
				t.Errorf("%s: T3 %s beside a good signature: Verify = %v, want it ignored", algorithm, name, err)
			}
		}
		server.Close()
		if n := hits.Load(); n != 0 {
			t.Errorf("%s: T3 the attacker's server was asked %d times", algorithm, n)
		}
	}
}

// T4: a kid is a name in a table and nothing else.
func TestVerifier_kidIsOnlyLookedUp(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "ES256")
	v := iss.Verifier(t, "catalog")
	for _, kid := range []any{
		authtest.Absent, "", " ", "unknown", iss.Users.Key.ID + " ", strings.ToUpper(iss.Users.Key.ID), iss.Users.Key.ID + "\x00",
		"../../../../dev/null", "/proc/self/environ", "file:///etc/passwd", "keys/" + iss.Users.Key.ID, "%2e%2e",
		"' OR '1'='1", "x' UNION SELECT 'secret' --", "http://127.0.0.1/jwks.json", "$(id)", "; id", "`id`", "{{7*7}}", "*",
		strings.Repeat("k", 5000),
	} {
		token := iss.Users.Token(t, iss.UserHeader(authtest.Claims{"kid": kid}), iss.UserClaims())
		if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, auth.ErrUnknownKey) {
			t.Errorf("T4 kid %.40q: Verify = %v, want %v", kid, err, auth.ErrUnknownKey)
		}
	}
	// The gateway's key is a good key, and not the identity server's.
	token := iss.Gateway.Token(t, iss.UserHeader(authtest.Claims{"kid": iss.Gateway.Key.ID}), iss.UserClaims())
	if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, auth.ErrUnknownKey) {
		t.Errorf("T9 user token by the gateway's key: Verify = %v, want %v", err, auth.ErrUnknownKey)
	}
	token = iss.Users.Token(t, iss.GatewayHeader(authtest.Claims{"kid": iss.Users.Key.ID}), iss.GatewayClaims("catalog", product))
	if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, auth.ErrUnknownKey) {
		t.Errorf("T9 gateway token by the identity server's key: Verify = %v, want %v", err, auth.ErrUnknownKey)
	}
}

func verifierWith(t *testing.T, iss *authtest.Issuer, keys ...auth.Key) *auth.Verifier {
	t.Helper()
	cfg := iss.UsersOnly()
	cfg.Users.Keys = auth.StaticKeys(keys...)
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
