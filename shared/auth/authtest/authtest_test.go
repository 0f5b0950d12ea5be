package authtest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

var request = auth.Target{Method: "GET", URI: "/products"}

// The tokens are what golang-jwt, which shares no line with the verifier's parser, takes them for.
func TestIssuer_tokensAreReal(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			iss := authtest.New(t, algorithm)
			for name, token := range map[string]string{
				iss.Users.Key.ID:         iss.UserToken(t),
				iss.Gateway.Key.ID + " ": iss.GatewayToken(t, "catalog", request),
			} {
				parsed, err := jwt.Parse(token, func(parsed *jwt.Token) (any, error) { return publicOf(iss, parsed.Header["typ"]), nil },
					jwt.WithValidMethods([]string{algorithm}), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
				if err != nil || parsed.Header["kid"] != strings.TrimSpace(name) {
					t.Errorf("golang-jwt: %v, kid %v, want %s", err, parsed.Header["kid"], name)
				}
			}
		})
	}
}

func publicOf(iss *authtest.Issuer, typ any) any {
	key := iss.Users
	if typ == "gateway+jwt" {
		key = iss.Gateway
	}
	if public := key.Key.Public(); public != nil {
		return public
	}
	return []byte(key.Secret())
}

// An Issuer's verifier takes the Issuer's tokens and nobody else's.
func TestIssuer_Verifier(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		one, other := authtest.New(t, algorithm), authtest.New(t, algorithm)
		v := one.Verifier(t, "catalog")
		if p, err := v.Verify(t.Context(), one.UserToken(t, authtest.Claims{"roles": []string{"admin"}}), request); err != nil || !p.Has(auth.Admin) {
			t.Errorf("%s: own user token: %+v, %v", algorithm, p, err)
		}
		if p, err := v.Verify(t.Context(), one.GatewayToken(t, "catalog", request), request); err != nil || p.Kind != auth.GatewayToken {
			t.Errorf("%s: own gateway token: %+v, %v", algorithm, p, err)
		}
		signed, err := one.Signer(t).Sign("catalog", request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), signed, request); err != nil {
			t.Errorf("%s: own signer: %v", algorithm, err)
		}
		for name, token := range map[string]string{
			"other user token":    other.UserToken(t),
			"other gateway token": other.GatewayToken(t, "catalog", request),
			"late":                one.UserToken(t, authtest.Claims{"exp": one.Unix(-time.Hour)}),
			"without exp":         one.UserToken(t, authtest.Claims{"exp": authtest.Absent}),
			"null exp":            one.UserToken(t, authtest.Claims{"exp": nil}),
			"for inventory":       one.GatewayToken(t, "inventory", request),
		} {
			if _, err := v.Verify(t.Context(), token, request); err == nil {
				t.Errorf("%s: %s is accepted", algorithm, name)
			}
		}
		if same := one.Users.Key.ID == one.Gateway.Key.ID; same != (algorithm == "HS256") {
			t.Errorf("%s: one key for both: %t", algorithm, same)
		}
	}
}

func TestIssuer_clock(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	then := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	iss.Now = func() time.Time { return then }
	p, err := iss.Verifier(t, "catalog").Verify(t.Context(), iss.UserToken(t), request)
	if err != nil || !p.IssuedAt.Equal(then) {
		t.Errorf("Verify = %+v, %v, want a token of %v", p, err, then)
	}
	v, err := auth.NewVerifier(iss.UsersOnly())
	if err != nil {
		t.Fatal(err)
	}
	then = then.Add(time.Hour)
	if _, err := v.Verify(t.Context(), iss.UserToken(t), request); err != nil {
		t.Errorf("Verify an hour later = %v", err)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	token := iss.UserToken(t, authtest.Claims{"jti": authtest.Absent, "x": nil}, authtest.Claims{"sub": "me"})
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	if _, ok := claims["jti"]; ok {
		t.Error("an absent claim is there")
	}
	if x, ok := claims["x"]; !ok || x != nil {
		t.Errorf("null claim = %v, %t", x, ok)
	}
	if claims["sub"] != "me" {
		t.Errorf("sub = %v, want the last override", claims["sub"])
	}
	raw := strings.Split(iss.Users.RawToken(t, "no", "JSON"), ".")
	if raw[0] != authtest.Encode("no") || raw[1] != authtest.Encode("JSON") {
		t.Errorf("RawToken = %v", raw)
	}
}

// What a Publisher serves is the keys, in the form of RFC 7518 §6 and RFC 8037 §2.
func TestPublish(t *testing.T) {
	t.Parallel()
	secret := authtest.NewKey(t, "HS256", "secret").Key
	keys := map[string]auth.Key{}
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		keys[algorithm] = authtest.NewKey(t, algorithm, "kid of "+algorithm).Key
	}
	res, err := http.Get(authtest.Publish(t, secret, keys["RS256"], keys["ES256"], keys["EdDSA"]).URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "secret") || strings.Contains(string(text), "oct") {
		t.Errorf("the set has the shared secret: %s", text)
	}
	var set struct {
		Keys []struct{ Kid, Alg, Kty, Crv, Use, N, E, X, Y string }
	}
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) != 3 {
		t.Fatalf("%d keys, %v: %s", len(set.Keys), err, text)
	}
	for _, jwk := range set.Keys {
		var public any
		switch jwk.Kty + jwk.Crv {
		case "RSA":
			public = &rsa.PublicKey{N: new(big.Int).SetBytes(bytesOf(t, jwk.N)), E: int(new(big.Int).SetBytes(bytesOf(t, jwk.E)).Int64())}
		case "ECP-256":
			point := append([]byte{4}, append(bytesOf(t, jwk.X), bytesOf(t, jwk.Y)...)...)
			if public, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point); err != nil {
				t.Fatal(err)
			}
		case "OKPEd25519":
			public = ed25519.PublicKey(bytesOf(t, jwk.X))
		}
		want := keys[jwk.Alg]
		if got := want.Public().(interface{ Equal(crypto.PublicKey) bool }); jwk.Kid != want.ID || jwk.Use != "sig" || !got.Equal(public) {
			t.Errorf("%s: %+v is not the key", jwk.Alg, jwk)
		}
	}
	if got := authtest.JWKS(t, secret); !cmp.Equal(got, `{"keys":[]}`) {
		t.Errorf("JWKS of a secret = %s", got)
	}
}

func bytesOf(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
