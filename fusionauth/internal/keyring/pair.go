package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"storefront/fusionauth/internal/kickstart"
)

// pair is the material of one key: what signs and what verifies, which for HMAC is the same secret.
type pair struct {
	kid    string
	method jwt.SigningMethod
	sign   any // []byte or a crypto.Signer
	verify any // []byte or its public half
}

func newPair(spec kickstart.Key) (*pair, error) {
	if strings.HasPrefix(spec.Algorithm, "HS") {
		secret := []byte(spec.Secret)
		if len(secret) == 0 {
			secret = make([]byte, 64)
			_, _ = rand.Read(secret) // never fails (crypto/rand)
		}
		return hmacPair(spec.ID, spec.KID, spec.Algorithm, secret), nil
	}
	private, err := privateKey(spec)
	if err != nil {
		return nil, err
	}
	p := &pair{kid: spec.KID, method: method(spec.Algorithm), sign: private, verify: private.Public()}
	if p.kid == "" {
		p.kid = Thumbprint(p.verify)
	}
	return p, nil
}

// method gives how an algorithm of the kickstart signs; FusionAuth names the Ed25519 key, RFC 8037 §3.1 the algorithm EdDSA.
func method(algorithm string) jwt.SigningMethod {
	if algorithm == "Ed25519" {
		return jwt.SigningMethodEdDSA
	}
	return jwt.GetSigningMethod(algorithm)
}

func privateKey(spec kickstart.Key) (crypto.Signer, error) {
	if spec.PEM != "" {
		return kickstart.ParsePrivateKey(string(spec.PEM))
	}
	switch spec.Algorithm {
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "Ed25519":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	case "RS256", "RS384", "RS512":
		return rsa.GenerateKey(rand.Reader, spec.Bits)
	default:
		return nil, errors.New("algorithm that no key here has")
	}
}

// hmacPair makes up a kid of the id where none is given, so that it stays the same from start to start.
func hmacPair(id, kid, algorithm string, secret []byte) *pair {
	if kid == "" {
		sum := sha256.Sum256([]byte(id))
		kid = base64.RawURLEncoding.EncodeToString(sum[:])[:10]
	}
	return &pair{kid: kid, method: method(algorithm), sign: secret, verify: secret}
}

// public gives the half that may be known; an HMAC key has none.
func (p *pair) public() (crypto.PublicKey, bool) {
	_, secret := p.verify.([]byte)
	return p.verify, !secret
}

// parse verifies a token with this key and none other.
func (p *pair) parse(token string, options ...jwt.ParserOption) (map[string]any, error) {
	options = append(options, jwt.WithValidMethods([]string{p.method.Alg()}))
	parsed, err := jwt.NewParser(options...).Parse(token, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != p.kid {
			return nil, fmt.Errorf("kid is not %s", p.kid)
		}
		return p.verify, nil
	})
	if err != nil {
		return nil, err
	}
	return parsed.Claims.(jwt.MapClaims), nil
}
