// Package keyring holds the keys that sign tokens, as FusionAuth's Key Master does.
//
// The algorithm belongs to the key: a token's header says only which key it names, and a token whose header names another
// algorithm than that key's is refused (RFC 8725 §3.1). HMAC keys never leave the package; [Ring.JWKS] has public keys alone.
//
// Under one id stand, in time, several keys: [Ring.Prepare] publishes the next one, [Ring.Rotate] lets it sign, and the one
// before verifies until [Ring.Remove].
package keyring

import (
	"crypto/ed25519"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/fusionauth/internal/kickstart"
)

// Key signs with one algorithm. It is what stands under an id at one moment: later rotations do not change it.
type Key struct {
	KID      string
	signing  *pair
	accepted []*pair // all that verify, the signing one included
}

// Algorithm is the JWA name of the key's algorithm.
func (k *Key) Algorithm() string { return k.signing.method.Alg() }

// Ring is a set of keys by their FusionAuth id.
type Ring struct {
	mu    sync.RWMutex
	slots map[string]*slot
	order []*slot
}

// New makes the keys of a kickstart, generating those that it asks FusionAuth to generate.
func New(specs []kickstart.Key) (*Ring, error) {
	ring := &Ring{slots: map[string]*slot{}}
	for _, spec := range specs {
		p, err := newPair(spec)
		if err != nil {
			return nil, fmt.Errorf("key %s: %w", spec.ID, err)
		}
		s := &slot{spec: spec, signing: p}
		ring.slots[spec.ID] = s
		ring.order = append(ring.order, s)
	}
	return ring, nil
}

// shadows are the algorithms of the keys that stand for a client secret.
var shadows = map[string]string{
	kickstart.ShadowSHA256: "HS256",
	kickstart.ShadowSHA384: "HS384",
	kickstart.ShadowSHA512: "HS512",
}

// Key gives the key with that id, or nil. For a shadow key this is the client secret of the application that asks; without one
// there is no key, since an empty secret would be known to everybody.
func (r *Ring) Key(id, clientSecret string) *Key {
	if algorithm, ok := shadows[id]; ok {
		if clientSecret == "" {
			return nil
		}
		p := hmacPair(id, "", algorithm, []byte(clientSecret))
		return &Key{KID: p.kid, signing: p, accepted: []*pair{p}}
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.slots[id]
	if !ok {
		return nil
	}
	return &Key{KID: s.signing.kid, signing: s.signing, accepted: s.pairs()}
}

// pairs are all keys of the ring, in the order of the kickstart.
func (r *Ring) pairs() []*pair {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []*pair
	for _, s := range r.order {
		all = append(all, s.pairs()...)
	}
	return all
}

// Sign makes a token with the header members of FusionAuth: alg, typ, kid and, when there is one, gty (the grants by which it
// was obtained).
func (k *Key) Sign(claims map[string]any, gty []string) (string, error) {
	token := jwt.NewWithClaims(k.signing.method, jwt.MapClaims(claims))
	token.Header["kid"] = k.KID
	if len(gty) > 0 {
		token.Header["gty"] = gty
	}
	return token.SignedString(k.signing.sign)
}

// Verify gives the claims of a token that this key has signed and that has not expired at now.
func (k *Key) Verify(token string, now time.Time) (map[string]any, error) {
	return parse(k.accepted, token, inForce(now)...)
}

// VerifySignature is Verify without a look at the time, for tokens that are hints about the past.
func (k *Key) VerifySignature(token string) (map[string]any, error) {
	return parse(k.accepted, token, jwt.WithoutClaimsValidation())
}

// Verify gives the claims of a token that any key of the ring has signed and that has not expired at now.
func (r *Ring) Verify(token string, now time.Time) (map[string]any, error) {
	return parse(r.pairs(), token, inForce(now)...)
}

func inForce(now time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{jwt.WithExpirationRequired(), jwt.WithTimeFunc(func() time.Time { return now })}
}

// parse verifies a token with the key that its kid names; what it says of its algorithm must then be that key's.
func parse(pairs []*pair, token string, options ...jwt.ParserOption) (map[string]any, error) {
	unverified, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		if unverified.Header["kid"] == p.kid {
			return p.parse(token, options...)
		}
	}
	return nil, jwt.ErrTokenUnverifiable
}

// LeftHash is at_hash of OpenID Connect Core §3.1.3.6: the left half of the hash that the key's algorithm uses.
func (k *Key) LeftHash(text string) string {
	hash := k.hash()
	hash.Write([]byte(text))
	sum := hash.Sum(nil)
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}

func (k *Key) hash() hash.Hash {
	switch m := k.signing.method.(type) {
	case *jwt.SigningMethodHMAC:
		return m.Hash.New()
	case *jwt.SigningMethodRSA:
		return m.Hash.New()
	case *jwt.SigningMethodECDSA:
		return m.Hash.New()
	}
	if _, ok := k.signing.verify.(ed25519.PublicKey); ok {
		return sha512.New() // the hash inside Ed25519 (RFC 8032 §5.1)
	}
	panic("keyring: key of another method than New makes")
}
