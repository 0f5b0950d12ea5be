package kickstart

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strconv"
	"strings"

	"storefront/shared/config"
)

// Lengths of keys. RFC 7518 §3.2 wants an HMAC key as long as the hash; 256 characters is the most that FusionAuth's page states.
const maxSecret = 256

// The algorithms by FusionAuth's type of key and under FusionAuth's names: Ed25519 is what a token's header calls EdDSA.
var (
	hmacAlgorithms = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms  = []string{"RS256", "RS384", "RS512"}
	pairAlgorithms = map[string][]string{"RSA": rsaAlgorithms, "EC": {"ES256"}, "OKP": {"Ed25519"}}
)

// importKey takes a key that the kickstart brings along.
func (in *instance) importKey(c call) {
	c.body.need("key")
	o := c.body.child("key")
	defer o.close()
	o.need("name", "type", "algorithm")
	key := Key{ID: c.id, Name: o.text("name"), KID: o.text("kid")}
	switch kind := o.enum("type", "", "HMAC", "RSA", "EC", "OKP"); kind {
	case "HMAC":
		o.need("secret")
		key.Algorithm = o.enum("algorithm", "", hmacAlgorithms...)
		key.Secret = in.secret(o, key.Algorithm)
	case "":
		o.touch("secret", "algorithm", "privateKey", "publicKey") // reported; the other fields are known, whatever the type
	default:
		o.need("privateKey")
		key.Algorithm = o.enum("algorithm", "", pairAlgorithms[kind]...)
		key.PEM = in.privateKey(o, kind)
	}
	in.addKey(c, o, key)
}

// generateKey asks for a key that FusionAuth makes.
func (in *instance) generateKey(c call) {
	c.body.need("key")
	o := c.body.child("key")
	defer o.close()
	o.need("name", "algorithm")
	known := slices.Concat(rsaAlgorithms, pairAlgorithms["EC"], pairAlgorithms["OKP"], hmacAlgorithms)
	key := Key{ID: c.id, Name: o.text("name"), Algorithm: o.enum("algorithm", "", known...)}
	switch {
	case strings.HasPrefix(key.Algorithm, "RS"):
		o.need("length")
		key.Bits = o.positive("length", 2048)
		if key.Bits != 2048 && key.Bits != 3072 && key.Bits != 4096 {
			o.bad("length", "must be 2048, 3072 or 4096")
		}
	case key.Algorithm == "ES256" && o.positive("length", 256) != 256: // the curve says it already
		o.bad("length", "must be 256 for ES256; leave it out")
	}
	o.touch("length")
	if issuer := o.text("issuer"); issuer != "" && issuer != in.tenant.Issuer {
		o.bad("issuer", "differs from the tenant's; leave it out, and PATCH the tenant before this request")
	}
	in.addKey(c, o, key)
}

func (in *instance) addKey(c call, o *object, key Key) {
	in.claim(c.at.node.src, c.at.at("url"), "this key id", key.ID)
	in.unique(o, "name", key.Name)
	in.unique(o, "kid", key.KID)
	if isShadow(key.ID) || key.ID == in.keys[0].ID {
		c.at.bad("url", "has the id of a key that FusionAuth brings along; choose another")
	}
	in.keys = append(in.keys, key)
}

// secret reads an HMAC secret, whose bytes are used as they stand, not decoded.
func (in *instance) secret(o *object, algorithm string) config.Secret {
	text := o.text("secret")
	bits, _ := strconv.Atoi(strings.TrimPrefix(algorithm, "HS"))
	switch {
	case text == "" || algorithm == "":
	case len(text)*8 < bits:
		o.bad("secret", "is shorter than %d bytes, which %s needs; make one with: openssl rand -base64 48", bits/8, algorithm)
	case len(text) > maxSecret:
		o.bad("secret", "is longer than %d characters", maxSecret)
	}
	return config.Secret(text)
}

// wanted says, for each type, what its private key must be and how to make one.
var wanted = map[string]string{
	"RSA": "an RSA private key of 2048 bits or more in PEM; make one with: openssl genrsa 2048",
	"EC":  "an EC private key on P-256 in PEM; make one with: openssl ecparam -name prime256v1 -genkey -noout",
	"OKP": "an Ed25519 private key in PEM; make one with: openssl genpkey -algorithm ed25519",
}

func (in *instance) privateKey(o *object, kind string) config.Secret {
	private, public := o.text("privateKey"), o.text("publicKey")
	if private == "" {
		return ""
	}
	key, err := ParsePrivateKey(private)
	if err != nil || kindOf(key) != kind {
		o.bad("privateKey", "is not %s", wanted[kind])
		return ""
	}
	if public != "" && !samePublic(key, public) {
		o.bad("publicKey", "is not the public half of privateKey in PEM; leave it out")
	}
	return config.Secret(private)
}

// kindOf is FusionAuth's type of a key that [ParsePrivateKey] gave.
func kindOf(key crypto.Signer) string {
	switch key.(type) {
	case *rsa.PrivateKey:
		return "RSA"
	case *ecdsa.PrivateKey:
		return "EC"
	default:
		return "OKP"
	}
}

// ParsePrivateKey reads a private key in PEM (PKCS #8, PKCS #1 or SEC 1): RSA of 2048 bits or more, EC on P-256, or Ed25519.
func ParsePrivateKey(text string) (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	switch key := parseDER(block.Bytes).(type) {
	case *rsa.PrivateKey:
		if key.N.BitLen() < 2048 { // RFC 7518 §3.3
			return nil, errors.New("RSA key shorter than 2048 bits")
		}
		return key, nil
	case *ecdsa.PrivateKey:
		if key.Curve != elliptic.P256() {
			return nil, errors.New("EC key on another curve than P-256")
		}
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	default:
		return nil, errors.New("no RSA, EC or Ed25519 private key")
	}
}

// parseDER gives the private key in one of the three encodings, or nil.
func parseDER(der []byte) any {
	if key, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key
	}
	return nil
}

func samePublic(key crypto.Signer, text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	ours, comparable := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return err == nil && comparable && ours.Equal(public)
}
