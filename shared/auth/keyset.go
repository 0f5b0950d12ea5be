package auth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// minSecretBytes is the least that RFC 7518 §3.2 allows for HS256: the size of its hash.
const minSecretBytes = 32

// minRSABits is the least that RFC 7518 §3.3 allows for RS256; more than maxRSABits is work without end for each signature.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// algorithm is one row of the closed table: the name in a header, how it is computed, and the one type of key it takes.
// The types do not overlap, so that an HMAC with a public key (RFC 8725 §2.1) has no row to stand in.
type algorithm struct {
	name   string
	method jwt.SigningMethod
	fits   func(material any) (bool, error) // is it this row's type, and strong enough?
}

var algorithms = []algorithm{
	{"HS256", jwt.SigningMethodHS256, fitsHMAC},
	{"RS256", jwt.SigningMethodRS256, fitsRSA},
	{"ES256", jwt.SigningMethodES256, fitsP256},
	{"EdDSA", jwt.SigningMethodEdDSA, fitsEd25519},
}

// Algorithms returns the names of the closed table, so that a test can range over it.
func Algorithms() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.name
	}
	return names
}

func fitsHMAC(material any) (bool, error) {
	secret, ok := material.([]byte)
	if ok && len(secret) < minSecretBytes {
		return true, fmt.Errorf("HMAC secret has %d bytes, at least %d are needed", len(secret), minSecretBytes)
	}
	return ok, nil
}

func fitsRSA(material any) (bool, error) {
	key, ok := material.(*rsa.PublicKey)
	switch {
	case ok && (key == nil || key.N == nil || key.N.BitLen() < minRSABits):
		return true, fmt.Errorf("RSA key is shorter than %d bits", minRSABits)
	case ok && key.N.BitLen() > maxRSABits:
		return true, fmt.Errorf("RSA key is longer than %d bits", maxRSABits)
	}
	return ok, nil
}

func fitsP256(material any) (bool, error) {
	key, ok := material.(*ecdsa.PublicKey)
	if !ok {
		return false, nil
	}
	if key == nil || key.Curve != elliptic.P256() {
		return true, errors.New("ECDSA key is not on P-256")
	}
	if _, err := key.ECDH(); err != nil { // the one check that the point lies on the curve
		return true, fmt.Errorf("ECDSA key: %w", err)
	}
	return true, nil
}

func fitsEd25519(material any) (bool, error) {
	key, ok := material.(ed25519.PublicKey)
	if ok && len(key) != ed25519.PublicKeySize {
		return true, fmt.Errorf("Ed25519 key has %d bytes, not %d", len(key), ed25519.PublicKeySize)
	}
	return ok, nil
}

// Key verifies signatures by its own algorithm, which the key's type decides and no token can change.
type Key struct {
	ID        string // kid
	Algorithm string // alg: one of the closed table

	material    any
	fingerprint digest // of the material: two keys are one when it is the same
}

// HMACKey returns the key of a shared secret, which is used as the bytes it is. It refuses fewer than 32 of them.
func HMACKey(id string, secret []byte) (Key, error) {
	return newKey(id, slices.Clone(secret))
}

// PublicKey returns the key for an RSA key of at least 2048 bits (RS256), an ECDSA key on P-256 (ES256) or an Ed25519
// key (EdDSA), and refuses all others.
func PublicKey(id string, public crypto.PublicKey) (Key, error) {
	if _, secret := public.([]byte); secret {
		return Key{}, errors.New("a public key cannot be a byte string")
	}
	return newKey(id, public)
}

func newKey(id string, material any) (Key, error) {
	if id == "" {
		return Key{}, errors.New("key has no id")
	}
	for _, a := range algorithms {
		switch fits, err := a.fits(material); {
		case err != nil:
			return Key{}, fmt.Errorf("key %q: %w", id, err)
		case fits:
			print, err := fingerprint(material)
			return Key{ID: id, Algorithm: a.name, material: material, fingerprint: print}, err
		}
	}
	return Key{}, fmt.Errorf("key %q: no algorithm takes a key of type %T", id, material)
}

func fingerprint(material any) (digest, error) {
	if secret, ok := material.([]byte); ok {
		return sha256.Sum256(secret), nil
	}
	der, err := x509.MarshalPKIXPublicKey(material)
	return sha256.Sum256(der), err
}

// Public returns what a JWKS may publish of the key: nil for a shared secret.
func (k Key) Public() crypto.PublicKey {
	if k.shared() {
		return nil
	}
	return k.material
}

// Format prints the key's name whatever the verb, so that no %+v shows a secret.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.Algorithm+" key "+k.ID) }

func (k Key) shared() bool {
	_, ok := k.material.([]byte)
	return ok
}

// method returns nil for the zero Key, and for one that somebody gave an algorithm of their own.
func (k Key) method() jwt.SigningMethod {
	for _, a := range algorithms {
		if a.name == k.Algorithm {
			return a.method
		}
	}
	return nil
}

// KeySet is where keys come from.
type KeySet interface {
	// Keys returns the keys to try for this kid ("" when the token has none); the caller does not change the slice.
	// No key is no error: the token is refused. An error says that nothing is known and wraps [ErrUnavailable].
	Keys(ctx context.Context, kid string) ([]Key, error)
}

// StaticKeys returns a KeySet of keys known from the start. Public keys answer for exactly their kid. A shared secret
// answers for any, since FusionAuth and the article's jsonwebtoken name it as they like, or not at all.
func StaticKeys(keys ...Key) KeySet {
	set := staticKeys{byID: map[string][]Key{}}
	for _, k := range keys {
		if k.shared() {
			set.shared = append(set.shared, k)
		}
	}
	for _, k := range keys {
		if !k.shared() {
			set.byID[k.ID] = append(slices.Clip(set.forID(k.ID)), k)
		}
	}
	return set
}

type staticKeys struct {
	shared []Key
	byID   map[string][]Key
}

// Keys implements [KeySet].
func (s staticKeys) Keys(_ context.Context, kid string) ([]Key, error) { return s.forID(kid), nil }

func (s staticKeys) forID(kid string) []Key {
	if keys, ok := s.byID[kid]; ok {
		return keys
	}
	return s.shared
}
