package kickstart

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strconv"
	"strings"

	"storefront/shared/config"
)

// Lengths of keys. RFC 7518 §3.2 wants an HMAC key as long as the hash; 256 characters is the most that FusionAuth's page states.
const maxSecret = 256

var (
	hmacAlgorithms = []string{"HS256", "HS384", "HS512"}
	rsaAlgorithms  = []string{"RS256", "RS384", "RS512"}
)

// importKey takes a key that the kickstart brings along.
func (in *instance) importKey(c call) {
	c.body.need("key")
	o := c.body.child("key")
	defer o.close()
	o.need("name", "type", "algorithm")
	key := Key{ID: c.id, Name: o.text("name"), KID: o.text("kid")}
	switch o.enum("type", "", "HMAC", "RSA") {
	case "HMAC":
		o.need("secret")
		key.Algorithm = o.enum("algorithm", "", hmacAlgorithms...)
		key.Secret = in.secret(o, key.Algorithm)
	case "RSA":
		o.need("privateKey")
		key.Algorithm = o.enum("algorithm", "", rsaAlgorithms...)
		key.PEM = in.privateKey(o)
	default: // reported; the other fields are known, whatever the type
		o.touch("secret", "algorithm", "privateKey", "publicKey")
	}
	in.addKey(c, o, key)
}

// generateKey asks for a key that FusionAuth makes.
func (in *instance) generateKey(c call) {
	c.body.need("key")
	o := c.body.child("key")
	defer o.close()
	o.need("name", "algorithm")
	key := Key{ID: c.id, Name: o.text("name"), Algorithm: o.enum("algorithm", "", append(rsaAlgorithms, hmacAlgorithms...)...)}
	if strings.HasPrefix(key.Algorithm, "RS") {
		o.need("length")
		key.Bits = o.positive("length", 2048)
		if key.Bits != 2048 && key.Bits != 3072 && key.Bits != 4096 {
			o.bad("length", "must be 2048, 3072 or 4096")
		}
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

func (in *instance) privateKey(o *object) config.Secret {
	private, public := o.text("privateKey"), o.text("publicKey")
	if private == "" {
		return ""
	}
	key, err := ParseRSA(private)
	if err != nil {
		o.bad("privateKey", "is not an RSA private key of 2048 bits or more in PEM; make one with: openssl genrsa 2048")
		return ""
	}
	if public != "" && !samePublic(key, public) {
		o.bad("publicKey", "is not the public half of privateKey in PEM; leave it out")
	}
	return config.Secret(private)
}

// ParseRSA reads an RSA private key in PEM, PKCS #8 or PKCS #1.
func ParseRSA(text string) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, tooShort(key)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("neither PKCS #1 nor PKCS #8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("not an RSA key")
	}
	return key, tooShort(key)
}

func tooShort(key *rsa.PrivateKey) error {
	if key.N.BitLen() < 2048 { // RFC 7518 §3.3
		return errors.New("shorter than 2048 bits")
	}
	return nil
}

func samePublic(key *rsa.PrivateKey, text string) bool {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return false
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	return err == nil && key.PublicKey.Equal(public)
}
