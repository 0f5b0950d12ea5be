package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// MaxPublishedKeys is how many keys a set may hold; a larger one is refused whole.
const MaxPublishedKeys = 64

// JWKS returns the JWK Set (RFC 7517 §5) of the keys' public halves. A shared secret has none and is left out, as
// FusionAuth does.
func JWKS(keys ...Key) ([]byte, error) {
	set := struct {
		Keys []map[string]string `json:"keys"`
	}{[]map[string]string{}}
	for _, k := range keys {
		if k.Public() == nil {
			continue
		}
		jwk, err := k.jwk()
		if err != nil {
			return nil, fmt.Errorf("publish key %q: %w", k.ID, err)
		}
		set.Keys = append(set.Keys, jwk)
	}
	return json.Marshal(set)
}

func (k Key) jwk() (map[string]string, error) {
	m := map[string]string{"kid": k.ID, "alg": k.Algorithm, "use": "sig"}
	switch public := k.Public().(type) {
	case *rsa.PublicKey:
		m["kty"], m["n"] = "RSA", encoding.EncodeToString(public.N.Bytes())
		m["e"] = encoding.EncodeToString(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		point, err := public.Bytes() // SEC 1: 4, then x and y of 32 bytes each
		if err != nil {
			return nil, err
		}
		m["kty"], m["crv"] = "EC", "P-256"
		m["x"], m["y"] = encoding.EncodeToString(point[1:33]), encoding.EncodeToString(point[33:])
	case ed25519.PublicKey:
		m["kty"], m["crv"], m["x"] = "OKP", "Ed25519", encoding.EncodeToString(public)
	}
	return m, nil
}

// parseJWKS returns the keys of a JWK Set that verify signatures here. Others are passed over, as RFC 7517 §5 asks:
// another type or curve, a weak one, one for encryption, one without a name. A set without any is an error.
//
// The parsing is our own: jwkset v0.11.4 follows a key's x5u over the network unless told otherwise, and reads names
// without regard to case and with the last of two winning. With that mended little of it would be left to use.
func parseJWKS(text string) (map[string][]Key, error) {
	set, ok := parseObject(text)
	if !ok {
		return nil, errors.New("key set is not one JSON object")
	}
	list, _ := set.get("keys")
	keys, count := map[string][]Key{}, 0
	s := scanner{text: string(list)}
	ok = s.array(func(v value) {
		if count++; count > MaxPublishedKeys {
			return
		}
		if k, ok := parseJWK(v); ok {
			keys[k.ID] = append(keys[k.ID], k)
		}
	})
	switch {
	case !ok:
		return nil, errors.New("key set has no list of keys")
	case count > MaxPublishedKeys:
		return nil, fmt.Errorf("key set holds %d keys, more than %d", count, MaxPublishedKeys)
	case len(keys) == 0:
		return nil, fmt.Errorf("none of the %d keys of the set is of use here", count)
	}
	return keys, nil
}

func parseJWK(v value) (Key, bool) {
	jwk, ok := v.object()
	if !ok || !jwk.verifies() {
		return Key{}, false
	}
	public, ok := jwk.publicKey()
	if !ok {
		return Key{}, false
	}
	id, _ := jwk.text("kid")
	key, err := PublicKey(id, public)
	if alg, _ := jwk.text("alg"); jwk.has("alg") && alg != key.Algorithm {
		return Key{}, false // RFC 7517 §4.4: the owner meant it for another algorithm
	}
	return key, err == nil
}

// verifies reports whether the key's owner means it for signatures (RFC 7517 §4.2, §4.3). One with a private half in it
// proves nothing any more, whoever has read the set can sign with it.
func (o object) verifies() bool {
	if use, _ := o.text("use"); o.has("use") && use != "sig" || o.has("d") || o.has("k") {
		return false
	}
	ops, restricted := o.get("key_ops")
	if !restricted {
		return true
	}
	verify := false
	isList := ops.eachText(func(op string) { verify = verify || op == "verify" })
	return isList && verify
}

// publicKey reads the members of RFC 7518 §6 and RFC 8037 §2. Certificates beside them (x5c, x5u) are not looked at.
func (o object) publicKey() (crypto.PublicKey, bool) {
	kty, _ := o.text("kty")
	crv, _ := o.text("crv")
	switch kty + " " + crv {
	case "RSA ":
		n, e := o.bytes("n"), new(big.Int).SetBytes(o.bytes("e"))
		// With an exponent of 1 anybody can sign, and crypto/rsa wants an odd one below 2^31.
		usable := e.BitLen() > 1 && e.BitLen() < 32 && e.Bit(0) == 1
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(e.Int64())}, usable
	case "EC P-256":
		point := append([]byte{4}, o.bytes("x")...)
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(point, o.bytes("y")...))
		return key, err == nil
	case "OKP Ed25519":
		return ed25519.PublicKey(o.bytes("x")), true
	default:
		return nil, false
	}
}

// bytes decodes a member in base64url; anything else is nil, which is no part of any key.
func (o object) bytes(name string) []byte {
	text, _ := o.text(name)
	b, ok := decodePart(nil, text)
	if !ok {
		return nil
	}
	return b
}
