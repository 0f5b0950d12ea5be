package keyring_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"storefront/fusionauth/internal/keyring"
	"storefront/fusionauth/internal/kickstart"
	"storefront/shared/config"
)

const secret = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// private is the RSA key that the rings here import.
var private = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // never (crypto/rand)
	}
	return key
})

// newRing gives a key of each algorithm, imported, and two that are generated.
var newRing = sync.OnceValues(func() (*keyring.Ring, error) {
	der := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private())})
	specs := []kickstart.Key{{ID: "random", Algorithm: "HS256"}, {ID: "generated", Algorithm: "RS256", Bits: 2048}, {ID: "ES256", Algorithm: "ES256"}, {ID: "Ed25519", Algorithm: "Ed25519"}}
	for _, bits := range []string{"256", "384", "512"} {
		specs = append(specs,
			kickstart.Key{ID: "HS" + bits, KID: "kid-HS" + bits, Algorithm: "HS" + bits, Secret: secret},
			kickstart.Key{ID: "RS" + bits, KID: "kid-RS" + bits, Algorithm: "RS" + bits, PEM: config.Secret(der)})
	}
	return keyring.New(specs)
})

func ring(t *testing.T) *keyring.Ring {
	t.Helper()
	r, err := newRing()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func claims(life time.Duration) map[string]any {
	return map[string]any{"sub": "somebody", "exp": time.Now().Add(life).Unix()}
}

func sign(t *testing.T, key *keyring.Key, claims map[string]any) string {
	t.Helper()
	token, err := key.Sign(claims, nil)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestKey_signsAndVerifies(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	ids := []string{"random", "generated", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "Ed25519"}
	for _, id := range ids {
		token := sign(t, ring.Key(id, ""), claims(time.Minute))
		for _, other := range ids {
			got, err := ring.Key(other, "").Verify(token, time.Now())
			if (err == nil) != (other == id) {
				t.Errorf("token of %s verified by %s: %v", id, other, err)
			}
			if err == nil && got["sub"] != "somebody" {
				t.Errorf("claims = %v", got)
			}
		}
	}
}

func TestKey_refuses(t *testing.T) {
	t.Parallel()
	ring, private := ring(t), private()
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)})
	make := func(method jwt.SigningMethod, key any, kid any, claims jwt.MapClaims) string {
		token := jwt.NewWithClaims(method, claims)
		token.Header["kid"] = kid
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good := jwt.MapClaims(claims(time.Minute))
	for _, tt := range []struct{ name, key, token string }{
		{"alg none", "HS256", make(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, "kid-HS256", good)},
		{"HS256 signed with the public key", "RS256", make(jwt.SigningMethodHS256, public, "kid-RS256", good)},
		{"HS256 signed with the modulus", "RS256", make(jwt.SigningMethodHS256, private.N.Bytes(), "kid-RS256", good)},
		{"another hash with the same secret", "HS256", make(jwt.SigningMethodHS512, []byte(secret), "kid-HS256", good)},
		{"another hash with the same RSA key", "RS256", make(jwt.SigningMethodRS512, private, "kid-RS256", good)},
		{"PSS with the same RSA key", "RS256", make(jwt.SigningMethodPS256, private, "kid-RS256", good)},
		{"HS256 signed with the kid's EC key", "ES256", make(jwt.SigningMethodHS256, publicBytes(t, ring, "ES256"), ring.Key("ES256", "").KID, good)},
		{"HS256 signed with the kid's Ed25519 key", "Ed25519", make(jwt.SigningMethodHS256, publicBytes(t, ring, "Ed25519"), ring.Key("Ed25519", "").KID, good)},
		{"EdDSA under the kid of the EC key", "ES256", make(jwt.SigningMethodEdDSA, foreign(t), ring.Key("ES256", "").KID, good)},
		{"EdDSA by another key", "Ed25519", make(jwt.SigningMethodEdDSA, foreign(t), ring.Key("Ed25519", "").KID, good)},
		{"another kid", "HS256", make(jwt.SigningMethodHS256, []byte(secret), "kid-HS512", good)},
		{"no kid", "HS256", make(jwt.SigningMethodHS256, []byte(secret), nil, good)},
		{"expired", "HS256", make(jwt.SigningMethodHS256, []byte(secret), "kid-HS256", claims(-time.Second))},
		{"no expiry", "HS256", make(jwt.SigningMethodHS256, []byte(secret), "kid-HS256", jwt.MapClaims{})},
	} {
		if _, err := ring.Key(tt.key, "").Verify(tt.token, time.Now()); err == nil {
			t.Errorf("Verify(%s) passes", tt.name)
		}
	}
}

// publicBytes is what an attacker has of a key: the PEM text that the server publishes.
func publicBytes(t *testing.T, r *keyring.Ring, id string) []byte {
	t.Helper()
	keys, err := r.PEMs()
	if err != nil || keys[r.Key(id, "").KID] == "" {
		t.Fatalf("PEMs = %v, %v; want the one of %s", keys, err, id)
	}
	return []byte(keys[r.Key(id, "").KID])
}

// foreign is an Ed25519 key of nobody here.
func foreign(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestKey_VerifySignature_looksAtNoTime(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	key := ring.Key("HS256", "")
	old := sign(t, key, claims(-time.Hour))
	if _, err := key.VerifySignature(old); err != nil {
		t.Errorf("an expired token: %v", err)
	}
	if _, err := key.VerifySignature(old[:len(old)-4] + "AAAA"); err == nil {
		t.Error("a changed signature passes")
	}
}

func TestKey_Verify_usesTheGivenTime(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	key := ring.Key("HS256", "")
	token := sign(t, key, claims(time.Hour))
	if _, err := key.Verify(token, time.Now().Add(2*time.Hour)); err == nil {
		t.Error("a token passes an hour after its end")
	}
}

func TestRing_shadowKeysAreTheClientSecret(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	for id, algorithm := range map[string]string{
		kickstart.ShadowSHA256: "HS256", kickstart.ShadowSHA384: "HS384", kickstart.ShadowSHA512: "HS512",
	} {
		key := ring.Key(id, "secret-of-one-client")
		token := sign(t, key, claims(time.Minute))
		if key.Algorithm() != algorithm {
			t.Errorf("shadow key %s is %s, want %s", id, key.Algorithm(), algorithm)
		}
		if _, err := ring.Key(id, "secret-of-another").Verify(token, time.Now()); err == nil {
			t.Errorf("%s: another client's secret verifies", algorithm)
		}
	}
}

// TestRing_generatedHMACKeys: a key that nobody gave is random, not a constant that anybody could sign with.
func TestRing_generatedHMACKeys(t *testing.T) {
	t.Parallel()
	var rings [2]*keyring.Ring
	for i := range rings {
		r, err := keyring.New([]kickstart.Key{{ID: "default", Algorithm: "HS256"}})
		if err != nil {
			t.Fatal(err)
		}
		rings[i] = r
	}
	token := sign(t, rings[0].Key("default", ""), claims(time.Minute))
	if _, err := rings[1].Key("default", "").Verify(token, time.Now()); err == nil {
		t.Error("two servers have the same generated key")
	}
}

func TestRing_JWKS_publishesPublicKeysAlone(t *testing.T) {
	t.Parallel()
	ring, private := ring(t), private()
	raw, err := ring.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(secret)) || bytes.Contains(raw, []byte(base64.RawURLEncoding.EncodeToString([]byte(secret)))) {
		t.Error("the key set holds an HMAC secret")
	}
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	var algorithms []string
	for _, key := range set.Keys {
		algorithms = append(algorithms, key["alg"])
	}
	if diff := cmp.Diff([]string{"RS256", "ES256", "EdDSA", "RS256", "RS384", "RS512"}, algorithms); diff != "" {
		t.Errorf("algorithms (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"alg": "RS256", "kid": "kid-RS256", "kty": "RSA", "use": "sig", "e": "AQAB",
		"n": base64.RawURLEncoding.EncodeToString(private.N.Bytes()),
	}
	if diff := cmp.Diff(want, set.Keys[3]); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
}

// TestRing_thumbprint is the example of RFC 7638 §3.1; a generated key has its thumbprint as kid.
func TestRing_thumbprint(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	raw, err := ring.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ KID, N, E string } }
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	n, err := base64.RawURLEncoding.DecodeString(set.Keys[0].N)
	if err != nil {
		t.Fatal(err)
	}
	generated := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if got := keyring.Thumbprint(generated); got != set.Keys[0].KID {
		t.Errorf("kid = %s, want the thumbprint %s", set.Keys[0].KID, got)
	}
	n, err = base64.RawURLEncoding.DecodeString(rfc7638Modulus)
	if err != nil {
		t.Fatal(err)
	}
	example := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
	if got, want := keyring.Thumbprint(example), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}
}

const rfc7638Modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

// TestThumbprint_ofEd25519 is the example of RFC 8037, appendix A.3.
func TestThumbprint_ofEd25519(t *testing.T) {
	t.Parallel()
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := keyring.Thumbprint(ed25519.PublicKey(x)), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}
}

// TestRing_JWKS_ofEachCurve: go-jose, which is not ours, reads what is published, and verifies with it.
func TestRing_JWKS_ofEachCurve(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	raw, err := ring.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		t.Fatal(err)
	}
	for id, algorithm := range map[string]string{"RS256": "RS256", "ES256": "ES256", "Ed25519": "EdDSA"} {
		key := ring.Key(id, "")
		published := set.Key(key.KID)
		if len(published) != 1 || published[0].Algorithm != algorithm || published[0].Use != "sig" || !published[0].IsPublic() {
			t.Fatalf("%s: published %d keys of that kid, want one public %s key to verify with", id, len(published), algorithm)
		}
		signed, err := jose.ParseSigned(sign(t, key, claims(time.Minute)), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signed.Verify(published[0]); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		thumbprint, err := published[0].Thumbprint(crypto.SHA256)
		if err != nil || base64.RawURLEncoding.EncodeToString(thumbprint) != keyring.Thumbprint(published[0].Key) {
			t.Errorf("%s: thumbprint is not what go-jose computes, %v", id, err)
		}
	}
}

// TestKey_LeftHash is at_hash of the example in OpenID Connect Core, appendix A.4, for RS256.
func TestKey_LeftHash(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	if got, want := ring.Key("RS256", "").LeftHash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ"; got != want {
		t.Errorf("LeftHash = %s, want %s", got, want)
	}
	for id, length := range map[string]int{"HS256": 22, "ES256": 22, "RS384": 32, "HS384": 32, "RS512": 43, "HS512": 43, "Ed25519": 43} {
		if got := ring.Key(id, "").LeftHash("x"); len(got) != length {
			t.Errorf("%s: LeftHash has %d characters, want %d", id, len(got), length)
		}
	}
}

func TestKey_Sign_header(t *testing.T) {
	t.Parallel()
	ring := ring(t)
	token, err := ring.Key("HS256", "").Sign(claims(time.Minute), []string{"authorization_code"})
	if err != nil {
		t.Fatal(err)
	}
	header, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(header)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"alg":"HS256","gty":["authorization_code"],"kid":"kid-HS256","typ":"JWT"}`; string(raw) != want {
		t.Errorf("header = %s, want %s", raw, want)
	}
}

func TestNew_refusesAPEMThatIsNoKey(t *testing.T) {
	t.Parallel()
	_, err := keyring.New([]kickstart.Key{{ID: "broken", Algorithm: "RS256", PEM: "secret text"}})
	if err == nil || !strings.Contains(err.Error(), "key broken") || strings.Contains(err.Error(), "secret text") {
		t.Errorf("New = %v, want an error that names the key and not its text", err)
	}
}
