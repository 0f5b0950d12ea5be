package authtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"

	"storefront/shared/auth"
)

// JWKS returns the JWK Set (RFC 7517 §5) of the keys. A shared secret is left out, as FusionAuth does.
func JWKS(t testing.TB, keys ...auth.Key) string {
	t.Helper()
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{[]map[string]string{}}
	for _, k := range keys {
		if k.Public() != nil {
			set.Keys = append(set.Keys, jwk(t, k))
		}
	}
	text, err := json.Marshal(set)
	if err != nil {
		t.Fatalf("jwks: %v", err)
	}
	return string(text)
}

// ServeJWKS serves the set over HTTP until the test ends, and returns its URL.
func ServeJWKS(t testing.TB, keys ...auth.Key) string {
	t.Helper()
	set := JWKS(t, keys...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = io.WriteString(w, set)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/.well-known/jwks.json"
}

func jwk(t testing.TB, k auth.Key) map[string]string {
	t.Helper()
	m := map[string]string{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"] = "RSA", Encode(string(public.N.Bytes()))
		m["e"] = Encode(string(big.NewInt(int64(public.E)).Bytes()))
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // 4, then x and y of 32 bytes each
		if err != nil {
			t.Fatalf("jwk: %v", err)
		}
		m["kty"], m["crv"] = "EC", "P-256"
		m["x"], m["y"] = Encode(string(point[1:33])), Encode(string(point[33:]))
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", Encode(string(public))
	}
	return m
}
