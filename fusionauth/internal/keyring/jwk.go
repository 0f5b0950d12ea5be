package keyring

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
)

// jwk is a public key as RFC 7517, RFC 7518 §6.2 and §6.3, and RFC 8037 §2 write it.
type jwk struct {
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	KID string `json:"kid,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	Use string `json:"use,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

// newJWK gives the members that make the key what it is, and no other.
func newJWK(public crypto.PublicKey) jwk {
	encode := base64.RawURLEncoding.EncodeToString
	switch key := public.(type) {
	case *rsa.PublicKey:
		return jwk{Kty: "RSA", N: encode(key.N.Bytes()), E: encode(big.NewInt(int64(key.E)).Bytes())}
	case *ecdsa.PublicKey:
		point, err := key.Bytes() // 4, then x and y in full length, as RFC 7518 §6.2.1.2 wants them
		if err != nil {
			panic("keyring: EC key off its curve")
		}
		half := (len(point) - 1) / 2
		return jwk{Kty: "EC", Crv: "P-256", X: encode(point[1 : 1+half]), Y: encode(point[1+half:])}
	case ed25519.PublicKey:
		return jwk{Kty: "OKP", Crv: "Ed25519", X: encode(key)}
	default:
		panic("keyring: public key of another type than New makes")
	}
}

// Thumbprint is the JWK thumbprint of RFC 7638: a kid that stays the same for the same key. Its input is the required members in
// the order of their names, which is the order of jwk's fields.
func Thumbprint(public crypto.PublicKey) string {
	text, err := json.Marshal(newJWK(public))
	if err != nil {
		panic("keyring: " + err.Error()) // never of strings alone
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// JWKS is the JSON Web Key Set of the public keys; with HMAC keys alone it is {"keys":[]}, as FusionAuth answers. Keys that sign no
// more are in it until they are removed, and keys that are to sign next already.
func (r *Ring) JWKS() ([]byte, error) {
	set := struct {
		Keys []jwk `json:"keys"`
	}{Keys: []jwk{}}
	for _, p := range r.pairs() {
		if public, ok := p.public(); ok {
			key := newJWK(public)
			key.Alg, key.KID, key.Use = p.method.Alg(), p.kid, "sig"
			set.Keys = append(set.Keys, key)
		}
	}
	return json.Marshal(set)
}

// PEMs are the public keys of the JWKS by kid, each as a PEM block PUBLIC KEY.
func (r *Ring) PEMs() (map[string]string, error) {
	blocks := map[string]string{}
	for _, p := range r.pairs() {
		public, ok := p.public()
		if !ok {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return nil, err
		}
		blocks[p.kid] = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	return blocks, nil
}
