package auth_test

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// G1: what the gateway signs, read by a parser that is not ours.
func TestSigner_Sign(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			iss := newIssuer(t, algorithm)
			token := sign(t, iss.Signer(t), "catalog", product)
			claims := jwt.MapClaims{}
			parsed, err := jwt.NewParser(jwt.WithValidMethods([]string{algorithm}), jwt.WithTimeFunc(iss.Now), jwt.WithJSONNumber()).
				ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return verificationKey(iss), nil })
			if err != nil {
				t.Fatalf("golang-jwt: %v", err)
			}
			header := map[string]any{"alg": algorithm, "typ": "gateway+jwt", "kid": iss.Gateway.Key.ID}
			if diff := cmp.Diff(header, parsed.Header); diff != "" {
				t.Errorf("header (-want +got):\n%s", diff)
			}
			if id, _ := claims["jti"].(string); len(id) < 26 {
				t.Errorf("jti = %q, want 128 bits", id)
			}
			delete(claims, "jti")
			want := jwt.MapClaims{
				"iss": authtest.GatewayIssuer, "sub": "gateway", "aud": "catalog", "data": product.URI, "htm": product.Method,
				"iat": json.Number("1795521600"), "exp": json.Number("1795522200"),
			}
			if diff := cmp.Diff(want, claims); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
		})
	}
}

func verificationKey(iss *authtest.Issuer) any {
	if public := iss.Gateway.Key.Public(); public != nil {
		return public
	}
	return []byte(iss.Gateway.Secret())
}

// What the gateway signs, the service of that name takes, for that request and no other.
func TestSigner_roundTrip(t *testing.T) {
	t.Parallel()
	targets := []auth.Target{
		{Method: "GET", URI: "/products"},
		{Method: "HEAD", URI: "/products/7?lang=de&q=a+b"},
		{Method: "DELETE", URI: `/quote"and\backslash`},
		{Method: "GET", URI: "/control\x00\x1f\x7f"},
		{Method: "GET", URI: "/ünïcode/日本/😀/\u2028<&>"},
		{Method: "GET", URI: ""},
		{Method: "", URI: "/" + strings.Repeat("long/", 400)},
	}
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		signer, catalog, inventory := iss.Signer(t), iss.Verifier(t, "catalog"), iss.Verifier(t, "inventory")
		for _, target := range targets {
			token := sign(t, signer, "catalog", target)
			if p, err := catalog.Verify(t.Context(), token, target); err != nil || p.Kind != auth.GatewayToken {
				t.Errorf("%s: Verify for %q = %+v, %v", algorithm, target, p, err)
			}
			if _, err := inventory.Verify(t.Context(), token, target); err == nil {
				t.Errorf("%s: inventory takes the catalog's token", algorithm)
			}
			target.URI += "x"
			if _, err := catalog.Verify(t.Context(), token, target); err == nil {
				t.Errorf("%s: the token passes for %q too", algorithm, target)
			}
		}
	}
}

func TestSigner_namesAreEscaped(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	iss.Gateway = authtest.HMACKey(t, "kid \"\\\n", iss.Users.Secret())
	signer, err := auth.NewSigner(auth.SignerConfig{Key: iss.Gateway.Always, Issuer: "iss \"\\\t", Now: iss.Now})
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(sign(t, signer, "aud \"\\\r", product), ".")
	for i, want := range []map[string]string{{"kid": "kid \"\\\n"}, {"iss": "iss \"\\\t", "aud": "aud \"\\\r"}} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		var got map[string]any
		if err != nil || json.Unmarshal(text, &got) != nil {
			t.Fatalf("part %d is no JSON: %s", i, text)
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s = %q, want %q", name, got[name], value)
			}
		}
	}
}

// Bytes that JSON cannot carry would be signed as something else than what goes over the wire.
func TestSigner_refusesBadUTF8(t *testing.T) {
	t.Parallel()
	signer := newIssuer(t, "HS256").Signer(t)
	for _, target := range []auth.Target{{Method: "GET", URI: "/\xff"}, {Method: "G\xc3T", URI: "/"}} {
		if token, err := signer.Sign("catalog", target); err == nil {
			t.Errorf("Sign(%q) = %s", target, token)
		}
	}
	if token, err := signer.Sign("cat\xfflog", product); err == nil {
		t.Errorf("Sign for a bad audience = %s", token)
	}
}

func TestSigner_everyTokenHasItsOwnID(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	signer, v := iss.Signer(t), iss.Verifier(t, "catalog")
	var seen sync.Map
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 100 {
				token, err := signer.Sign("catalog", product)
				if err != nil {
					t.Error(err)
					return
				}
				p, err := v.Verify(t.Context(), token, product)
				if _, twice := seen.LoadOrStore(p.TokenID, true); err != nil || twice {
					t.Errorf("jti %q: %v, seen before: %t", p.TokenID, err, twice)
				}
			}
		})
	}
	wait.Wait()
}

func TestNewSigner_refuses(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	for name, cfg := range map[string]auth.SignerConfig{
		"Key":    {Issuer: "localhost:3000"},
		"a Key":  {Key: auth.SigningKey{}.Always, Issuer: "localhost:3000"},
		"Issuer": {Key: iss.Gateway.Always},
		"UTF-8":  {Key: iss.Gateway.Always, Issuer: "\xff"},
	} {
		if s, err := auth.NewSigner(cfg); s != nil || err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "a ")) {
			t.Errorf("NewSigner without %s = %v, %v", name, s, err)
		}
	}
}

func TestNewSigner_realClock(t *testing.T) {
	t.Parallel()
	iss := authtest.New(t, "HS256")
	signer, err := auth.NewSigner(auth.SignerConfig{Key: iss.Gateway.Always, Issuer: authtest.GatewayIssuer})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := iss.Verifier(t, "catalog").Verify(t.Context(), sign(t, signer, "catalog", product), product); err != nil {
		t.Errorf("Verify = %v", err)
	}
}

// remoteSigner is a key in a safe: golang-jwt needs the key itself for RSA and ECDSA.
type remoteSigner struct{ crypto.Signer }

func TestPrivateKey_refuses(t *testing.T) {
	t.Parallel()
	mixed := *newRSA(t, 2048)
	mixed.PublicKey = *newRSA(t, 2048).Public().(*rsa.PublicKey)
	tests := map[string]crypto.Signer{
		"nil":                      nil,
		"RSA 1024":                 newRSA(t, 1024),
		"P-384":                    newECDSA(t, elliptic.P384()),
		"halves of different keys": &mixed,
		"RSA in a safe":            remoteSigner{newRSA(t, 2048)},
		"P-256 in a safe":          remoteSigner{newECDSA(t, elliptic.P256())},
	}
	for name, private := range tests {
		if key, err := auth.PrivateKey("k", private); err == nil {
			t.Errorf("PrivateKey(%s) = %v", name, key)
		}
	}
	if key, err := auth.HMACSigningKey("k", []byte("short")); err == nil {
		t.Errorf("HMACSigningKey(short) = %v", key)
	}
}

func sign(t testing.TB, signer *auth.Signer, audience string, target auth.Target) string {
	t.Helper()
	token, err := signer.Sign(audience, target)
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return token
}
