package idp_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// TestPublicKey: what is published as PEM verifies what the key of that kid has signed.
func TestPublicKey(t *testing.T) {
	t.Parallel()
	for keyID, algorithm := range map[string]string{rsaKeyID: "RS256", ecKeyID: "ES256", edKeyID: "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{env: map[string]string{"ACCESS_TOKEN_KEY_ID": keyID}})
			token := s.login(t, admin, nil).AccessToken
			kid := part(t, token, 0)["kid"].(string)
			all, _ := s.get(t, newBrowser(), "/api/jwt/public-key").json(t)["publicKeys"].(map[string]any)
			if len(all) != 4 {
				t.Errorf("%d public keys, want the three pairs and the webhooks'", len(all))
			}
			for _, query := range []string{"kid=" + kid, "applicationId=" + clientID} {
				got := s.get(t, newBrowser(), "/api/jwt/public-key?"+query).json(t)
				if diff := cmp.Diff(map[string]any{"publicKey": all[kid]}, got); diff != "" {
					t.Errorf("?%s (-want +got):\n%s", query, diff)
				}
			}
			text, _ := all[kid].(string)
			block, _ := pem.Decode([]byte(text))
			if block == nil || block.Type != "PUBLIC KEY" {
				t.Fatalf("public key = %q, want PEM", text)
			}
			key, err := x509.ParsePKIXPublicKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{algorithm})); err != nil {
				t.Errorf("access token with the public key: %v", err)
			}
		})
	}
}

// TestPublicKey_none: an HMAC key has no public half, whoever asks for it in whatever way (FI#124).
func TestPublicKey_none(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, query := range map[string]string{
		"kid of an HMAC key": "?kid=" + hmacKID, "application that signs by HMAC": "?applicationId=" + clientID,
		"unknown kid": "?kid=x", "empty kid": "?kid=", "unknown application": "?applicationId=" + tenantID,
	} {
		if got := s.get(t, newBrowser(), "/api/jwt/public-key"+query); got.status != http.StatusNotFound || got.text != "" {
			t.Errorf("%s = %d %q, want 404 without a body", name, got.status, got.text)
		}
	}
	all, _ := s.get(t, newBrowser(), "/api/jwt/public-key").json(t)["publicKeys"].(map[string]any)
	if _, published := all[hmacKID]; published || len(all) < 3 {
		t.Errorf("public keys = %v, want the three pairs and no HMAC key", all)
	}
}
