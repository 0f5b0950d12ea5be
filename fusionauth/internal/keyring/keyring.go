// Package keyring holds the keys that sign tokens, as FusionAuth's Key Master does.
//
// The algorithm belongs to the key: a token's header says only which key it names, and a token whose header names another
// algorithm than that key's is refused (RFC 8725 §3.1). HMAC keys never leave the package; [Ring.JWKS] has public keys alone.
package keyring

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/fusionauth/internal/kickstart"
)

// Key signs with one algorithm.
type Key struct {
	KID    string
	method jwt.SigningMethod
	sign   any // []byte or *rsa.PrivateKey
	verify any // []byte or *rsa.PublicKey
}

// Algorithm is the JWA name of the key's algorithm.
func (k *Key) Algorithm() string { return k.method.Alg() }

// Ring is a set of keys by their FusionAuth id.
type Ring struct {
	keys  map[string]*Key
	order []*Key
}

// New makes the keys of a kickstart, generating those that it asks FusionAuth to generate.
func New(specs []kickstart.Key) (*Ring, error) {
	ring := &Ring{keys: map[string]*Key{}}
	for _, spec := range specs {
		key, err := newKey(spec)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", spec.ID, err)
		}
		ring.keys[spec.ID] = key
		ring.order = append(ring.order, key)
	}
	return ring, nil
}

func newKey(spec kickstart.Key) (*Key, error) {
	if strings.HasPrefix(spec.Algorithm, "HS") {
		secret := []byte(spec.Secret)
		if len(secret) == 0 {
			secret = make([]byte, 64)
			_, _ = rand.Read(secret) // never fails (crypto/rand)
		}
		return hmacKey(spec.ID, spec.KID, spec.Algorithm, secret), nil
	}
	private, err := rsaKey(spec)
	if err != nil {
		return nil, err
	}
	key := &Key{KID: spec.KID, method: jwt.GetSigningMethod(spec.Algorithm), sign: private, verify: &private.PublicKey}
	if key.KID == "" {
		key.KID = Thumbprint(&private.PublicKey)
	}
	return key, nil
}

func rsaKey(spec kickstart.Key) (*rsa.PrivateKey, error) {
	if spec.PEM != "" {
		return kickstart.ParseRSA(string(spec.PEM))
	}
	return rsa.GenerateKey(rand.Reader, spec.Bits)
}

func hmacKey(id, kid, algorithm string, secret []byte) *Key {
	if kid == "" {
		sum := sha256.Sum256([]byte(id))
		kid = base64.RawURLEncoding.EncodeToString(sum[:])[:10]
	}
	return &Key{KID: kid, method: jwt.GetSigningMethod(algorithm), sign: secret, verify: secret}
}

// Thumbprint is the JWK thumbprint of RFC 7638: a kid that stays the same for the same key.
func Thumbprint(key *rsa.PublicKey) string {
	sum := sha256.Sum256(fmt.Appendf(nil, `{"e":%q,"kty":"RSA","n":%q}`, exponent(key), modulus(key)))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func modulus(key *rsa.PublicKey) string { return base64.RawURLEncoding.EncodeToString(key.N.Bytes()) }

func exponent(key *rsa.PublicKey) string {
	return base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())
}

// shadows are the algorithms of the keys that stand for a client secret.
var shadows = map[string]string{
	kickstart.ShadowSHA256: "HS256",
	kickstart.ShadowSHA384: "HS384",
	kickstart.ShadowSHA512: "HS512",
}

// Key gives the key with that id. For a shadow key this is the client secret of the application that asks.
func (r *Ring) Key(id, clientSecret string) *Key {
	if algorithm, ok := shadows[id]; ok {
		return hmacKey(id, "", algorithm, []byte(clientSecret))
	}
	return r.keys[id]
}

// Sign makes a token with the header members of FusionAuth: alg, typ, kid and, when there is one, gty (the grants by which it
// was obtained).
func (k *Key) Sign(claims map[string]any, gty []string) (string, error) {
	token := jwt.NewWithClaims(k.method, jwt.MapClaims(claims))
	token.Header["kid"] = k.KID
	if len(gty) > 0 {
		token.Header["gty"] = gty
	}
	return token.SignedString(k.sign)
}

// Verify gives the claims of a token that this key has signed and that has not expired at now.
func (k *Key) Verify(token string, now time.Time) (map[string]any, error) {
	return k.parse(token, jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now }))
}

// VerifySignature is Verify without a look at the time, for tokens that are hints about the past.
func (k *Key) VerifySignature(token string) (map[string]any, error) {
	return k.parse(token, jwt.WithoutClaimsValidation())
}

func (k *Key) parse(token string, options ...jwt.ParserOption) (map[string]any, error) {
	options = append(options, jwt.WithValidMethods([]string{k.Algorithm()}))
	parsed, err := jwt.NewParser(options...).Parse(token, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != k.KID {
			return nil, fmt.Errorf("kid is not %s", k.KID)
		}
		return k.verify, nil
	})
	if err != nil {
		return nil, err
	}
	return parsed.Claims.(jwt.MapClaims), nil
}

// jwk is a public RSA key as RFC 7517 and RFC 7518 §6.3.1 write it.
type jwk struct {
	Alg string `json:"alg"`
	E   string `json:"e"`
	KID string `json:"kid"`
	Kty string `json:"kty"`
	N   string `json:"n"`
	Use string `json:"use"`
}

// JWKS is the JSON Web Key Set of the public keys; with HMAC keys alone it is {"keys":[]}, as FusionAuth answers.
func (r *Ring) JWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, key := range r.order {
		if public, ok := key.verify.(*rsa.PublicKey); ok {
			set.Keys = append(set.Keys, jwk{Alg: key.Algorithm(), E: exponent(public), KID: key.KID, Kty: "RSA", N: modulus(public), Use: "sig"})
		}
	}
	return json.Marshal(set)
}

// LeftHash is at_hash of OpenID Connect Core §3.1.3.6: the left half of the hash that the key's algorithm uses.
func (k *Key) LeftHash(text string) string {
	hash := k.hash()
	hash.Write([]byte(text))
	sum := hash.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func (k *Key) hash() hash.Hash {
	switch m := k.method.(type) {
	case *jwt.SigningMethodHMAC:
		return m.Hash.New()
	case *jwt.SigningMethodRSA:
		return m.Hash.New()
	default:
		panic("keyring: key of another method than New makes")
	}
}
