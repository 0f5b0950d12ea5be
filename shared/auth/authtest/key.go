package authtest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
)

// Key signs what a test likes: Token and Sign make no claim of their own and check nothing.
type Key struct {
	auth.SigningKey
	private any
}

// NewKey returns a fresh key of the algorithm.
func NewKey(t testing.TB, algorithm, id string) Key {
	t.Helper()
	switch algorithm {
	case "HS256":
		return HMACKey(t, id, rand.Text()+rand.Text())
	case "RS256":
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		return privateKey(t, id, private, err)
	case "ES256":
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return privateKey(t, id, private, err)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return privateKey(t, id, private, err)
	}
	t.Fatalf("authtest.NewKey: no algorithm %q", algorithm)
	return Key{}
}

// HMACKey returns the key of a secret that the test knows.
func HMACKey(t testing.TB, id, secret string) Key {
	t.Helper()
	key, err := auth.HMACSigningKey(id, []byte(secret))
	if err != nil {
		t.Fatalf("HMACSigningKey: %v", err)
	}
	return Key{key, []byte(secret)}
}

func privateKey(t testing.TB, id string, private crypto.Signer, err error) Key {
	t.Helper()
	if err != nil {
		t.Fatalf("generate key: %v", err)
	}
	key, err := auth.PrivateKey(id, private)
	if err != nil {
		t.Fatalf("PrivateKey: %v", err)
	}
	return Key{key, private}
}

// Secret returns what JWT_SIGNING_KEY must be for services to take the key's tokens; only an HS256 key has one.
func (k Key) Secret() string {
	secret, _ := k.private.([]byte)
	return string(secret)
}

// Private returns the half that signs, as a PEM file would hold it; an HS256 key has none.
func (k Key) Private() crypto.Signer {
	private, _ := k.private.(crypto.Signer)
	return private
}

// Signature returns the key's signature over any text.
func (k Key) Signature(t testing.TB, signed string) []byte {
	t.Helper()
	signature, err := jwt.GetSigningMethod(k.Key.Algorithm).Sign(signed, k.private)
	if err != nil {
		t.Fatalf("sign: %v", err)
	}
	return signature
}

// Token returns a token with these claims. It is well signed whatever its header says.
func (k Key) Token(t testing.TB, header, claims Claims) string {
	t.Helper()
	return k.RawToken(t, header.JSON(t), claims.JSON(t))
}

// RawToken returns a token of two texts that need not be JSON. It is well signed.
func (k Key) RawToken(t testing.TB, header, payload string) string {
	t.Helper()
	signed := Encode(header) + "." + Encode(payload)
	return signed + "." + Encode(string(k.Signature(t, signed)))
}
