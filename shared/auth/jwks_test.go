package auth_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// jwk is one key of a set, as its members.
type jwk map[string]any

func published(t testing.TB, key auth.Key) jwk {
	t.Helper()
	var set struct{ Keys []jwk }
	if err := json.Unmarshal([]byte(authtest.JWKS(t, key)), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("JWKS(%v) = %v, %v", key, set, err)
	}
	return set.Keys[0]
}

// with returns a copy that has, or with Absent lacks, the members of changes.
func (k jwk) with(changes jwk) jwk {
	c := jwk{}
	for _, m := range []jwk{k, changes} {
		for name, v := range m {
			if c[name] = v; v == authtest.Absent {
				delete(c, name)
			}
		}
	}
	return c
}

func (k jwk) set(t testing.TB) string {
	t.Helper()
	text, err := json.Marshal(map[string][]jwk{"keys": {k}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// What one service publishes, another reads, whatever else a set holds beside it.
func TestJWKS_roundTrip(t *testing.T) {
	t.Parallel()
	var keys []auth.Key
	for _, algorithm := range auth.Algorithms() {
		keys = append(keys, authtest.NewKey(t, algorithm, "key "+algorithm).Key)
	}
	got, err := auth.ParseJWKS(authtest.JWKS(t, keys...))
	if err != nil || len(got) != len(keys)-1 {
		t.Fatalf("ParseJWKS = %v, %v, want all but the secret", got, err)
	}
	for _, want := range keys[1:] {
		g := got[want.ID]
		if len(g) != 1 || g[0].Algorithm != want.Algorithm || !g[0].Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(want.Public()) {
			t.Errorf("%v came back as %v", want, g)
		}
	}
}

func TestParseJWKS_takes(t *testing.T) {
	t.Parallel()
	rsa := published(t, authtest.NewKey(t, "RS256", "k").Key)
	for name, change := range map[string]jwk{
		"as published":             {},
		"no use":                   {"use": authtest.Absent},
		"no alg":                   {"alg": authtest.Absent},
		"key_ops verify":           {"key_ops": []string{"verify"}},
		"certificates, unread":     {"x5c": []string{"!"}, "x5t": "!", "x5t#S256": "!", "x5u": "http://127.0.0.1:1/"},
		"members that nobody uses": {"ext": true, "iat": 1, "nested": map[string]any{"a": []int{1}}},
	} {
		if keys, err := auth.ParseJWKS(rsa.with(change).set(t)); err != nil || len(keys["k"]) != 1 {
			t.Errorf("%s: %v, %v", name, keys, err)
		}
	}
}

func TestParseJWKS_passesOver(t *testing.T) {
	t.Parallel()
	good := authtest.NewKey(t, "ES256", "good").Key
	rsa := published(t, authtest.NewKey(t, "RS256", "k").Key)
	ec := published(t, authtest.NewKey(t, "ES256", "k").Key)
	okp := published(t, authtest.NewKey(t, "EdDSA", "k").Key)
	p384 := newECDSA(t, elliptic.P384())
	for name, bad := range map[string]jwk{
		"use enc":                       rsa.with(jwk{"use": "enc"}),
		"use empty":                     rsa.with(jwk{"use": ""}),
		"use null":                      rsa.with(jwk{"use": nil}),
		"key_ops without verify":        rsa.with(jwk{"key_ops": []string{"encrypt"}}),
		"key_ops a string":              rsa.with(jwk{"key_ops": "verify"}),
		"key_ops empty":                 rsa.with(jwk{"key_ops": []string{}}),
		"alg of another RSA signature":  rsa.with(jwk{"alg": "PS256"}),
		"alg of an encryption":          rsa.with(jwk{"alg": "RSA-OAEP"}),
		"alg none":                      rsa.with(jwk{"alg": "none"}),
		"alg HS256 for a public key":    rsa.with(jwk{"alg": "HS256"}),
		"alg null":                      rsa.with(jwk{"alg": nil}),
		"alg of another type":           ec.with(jwk{"alg": "RS256"}),
		"no kid":                        rsa.with(jwk{"kid": authtest.Absent}),
		"kid empty":                     rsa.with(jwk{"kid": ""}),
		"kid a number":                  rsa.with(jwk{"kid": 1}),
		"private RSA":                   rsa.with(jwk{"d": "AQAB"}),
		"private EC":                    ec.with(jwk{"d": ec["x"]}),
		"private Ed25519":               okp.with(jwk{"d": okp["x"]}),
		"shared secret":                 {"kty": "oct", "kid": "k", "alg": "HS256", "k": authtest.Encode(strings.Repeat("s", 32))},
		"shared secret without alg":     {"kty": "oct", "kid": "k", "k": authtest.Encode(strings.Repeat("s", 32))},
		"public key with a secret":      rsa.with(jwk{"k": authtest.Encode(strings.Repeat("s", 32))}),
		"RSA 1024":                      rsa.with(jwk{"n": authtest.Encode(string(newRSA(t, 1024).N.Bytes()))}),
		"RSA 16384":                     rsa.with(jwk{"n": authtest.Encode(strings.Repeat("\xff", 2048))}),
		"RSA without n":                 rsa.with(jwk{"n": authtest.Absent}),
		"RSA without e":                 rsa.with(jwk{"e": authtest.Absent}),
		"RSA e 1":                       rsa.with(jwk{"e": "AQ"}),
		"RSA e even":                    rsa.with(jwk{"e": authtest.Encode("\x01\x00\x00")}),
		"RSA e of 64 bits":              rsa.with(jwk{"e": authtest.Encode("\x01\x00\x00\x00\x00\x00\x00\x01")}),
		"RSA n in standard base64":      rsa.with(jwk{"n": "+/" + fmt.Sprint(rsa["n"])[2:]}),
		"RSA with a curve":              rsa.with(jwk{"crv": "P-256"}),
		"EC off the curve":              ec.with(jwk{"y": ec["x"]}),
		"EC x too short":                ec.with(jwk{"x": fmt.Sprint(ec["x"])[4:]}),
		"EC compressed":                 ec.with(jwk{"y": authtest.Absent}),
		"EC the point at infinity":      ec.with(jwk{"x": authtest.Encode(strings.Repeat("\x00", 32)), "y": authtest.Encode(strings.Repeat("\x00", 32))}),
		"P-384":                         ec.with(jwk{"crv": "P-384", "x": encoded(p384.X), "y": encoded(p384.Y)}),
		"P-384 called P-256":            ec.with(jwk{"x": encoded(p384.X), "y": encoded(p384.Y)}),
		"secp256k1":                     ec.with(jwk{"crv": "secp256k1"}),
		"EC of kty RSA":                 ec.with(jwk{"kty": "RSA"}),
		"Ed25519 too short":             okp.with(jwk{"x": authtest.Encode(strings.Repeat("x", ed25519.PublicKeySize-1))}),
		"X25519":                        okp.with(jwk{"crv": "X25519"}),
		"kty in lower case":             rsa.with(jwk{"kty": "rsa"}),
		"kty unknown":                   rsa.with(jwk{"kty": "AKP"}),
		"names in capitals":             {"KTY": "RSA", "KID": "k", "N": rsa["n"], "E": rsa["e"]},
		"only a certificate, and where": {"kty": "RSA", "kid": "k", "x5c": []string{"AAAA"}, "x5u": "http://127.0.0.1:1/"},
		"nothing":                       {},
	} {
		if keys, err := auth.ParseJWKS(bad.set(t)); err == nil {
			t.Errorf("%s: a set of it alone gives %v", name, keys)
		}
		text, err := json.Marshal(map[string][]jwk{"keys": {bad, published(t, good)}})
		if err != nil {
			t.Fatal(err)
		}
		if keys, err := auth.ParseJWKS(string(text)); err != nil || len(keys) != 1 || len(keys["good"]) != 1 {
			t.Errorf("%s beside a good key: %v, %v, want the good one alone", name, keys, err)
		}
	}
}

func encoded(n *big.Int) string { return authtest.Encode(string(n.Bytes())) }

func TestParseJWKS_refuses(t *testing.T) {
	t.Parallel()
	good := authtest.JWKS(t, authtest.NewKey(t, "EdDSA", "k").Key)
	one := strings.TrimSuffix(strings.TrimPrefix(good, `{"keys":[`), `]}`)
	for name, text := range map[string]string{
		"nothing":            "",
		"HTML":               "<!DOCTYPE html><title>Sign in</title>",
		"no keys":            `{}`,
		"empty":              `{"keys":[]}`,
		"null":               `{"keys":null}`,
		"an object":          `{"keys":` + one + `}`,
		"a bare key":         one,
		"a bare list":        `[` + one + `]`,
		"keys in capitals":   strings.Replace(good, "keys", "KEYS", 1),
		"keys twice":         `{"keys":[],` + good[1:],
		"a key's kid twice":  strings.Replace(good, `"kid"`, `"kid":"x","kid"`, 1),
		"a second document":  good + good,
		"cut":                good[:len(good)-1],
		"texts":              `{"keys":["k","l"]}`,
		"65 keys":            `{"keys":[` + strings.Repeat(one+",", auth.MaxPublishedKeys) + one + `]}`,
		"65 keys of no kind": `{"keys":[` + strings.Repeat(`1,`, auth.MaxPublishedKeys) + one + `]}`,
	} {
		if keys, err := auth.ParseJWKS(text); err == nil {
			t.Errorf("%s: %v", name, keys)
		}
	}
	most := `{"keys":[` + strings.Repeat(one+",", auth.MaxPublishedKeys-1) + one + `]}`
	if keys, err := auth.ParseJWKS(most); err != nil || len(keys["k"]) != auth.MaxPublishedKeys {
		t.Errorf("%d keys: %d, %v", auth.MaxPublishedKeys, len(keys["k"]), err)
	}
}

func FuzzParseJWKS(f *testing.F) {
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		f.Add(authtest.JWKS(f, authtest.NewKey(f, algorithm, "k").Key))
	}
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := auth.ParseJWKS(text)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for id, list := range keys {
			for _, k := range list {
				if k.Public() == nil || k.ID != id || id == "" {
					t.Errorf("kid %q gives %v", id, k)
				}
			}
		}
	})
}
