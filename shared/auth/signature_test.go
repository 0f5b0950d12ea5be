package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T6: the signature is all or nothing.
func TestVerifier_signatures(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		v := iss.Verifier(t, "catalog")
		token := iss.UserToken(t)
		signed := token[:strings.LastIndexByte(token, '.')]
		signature, err := base64.RawURLEncoding.DecodeString(token[len(signed)+1:])
		if err != nil {
			t.Fatal(err)
		}
		other := iss.UserToken(t, authtest.Claims{"jti": "another"})
		forged := map[string][]byte{
			"empty":                {},
			"cut by one byte":      signature[:len(signature)-1],
			"cut at the front":     signature[1:],
			"cut in half":          signature[:len(signature)/2],
			"one byte longer":      append(slices.Clone(signature), 0),
			"one byte in front":    append([]byte{0}, signature...),
			"twice":                slices.Concat(signature, signature),
			"all zero (r = s = 0)": make([]byte, len(signature)),
			"all ones":             bytes.Repeat([]byte{0xff}, len(signature)),
			"reversed":             reversed(signature),
			"as text":              []byte(hex.EncodeToString(signature)),
			"of another payload":   iss.Users.Signature(t, other[:strings.LastIndexByte(other, '.')]),
			"of the payload only":  iss.Users.Signature(t, strings.Split(token, ".")[1]),
			"with a last dot":      iss.Users.Signature(t, signed+"."),
			"by another key":       authtest.NewKey(t, algorithm, iss.Users.Key.ID).Signature(t, signed),
		}
		for i := range signature {
			flipped := slices.Clone(signature)
			flipped[i] ^= 1 << (i % 8)
			forged[fmt.Sprintf("byte %d flipped", i)] = flipped
		}
		if algorithm == "ES256" {
			maps.Copy(forged, ecdsaForgeries(t, iss, signature))
		}
		for name, f := range forged {
			if _, err := v.Verify(t.Context(), signed+"."+authtest.Encode(string(f)), product); !errors.Is(err, auth.ErrSignature) {
				t.Errorf("%s: T6 signature %s: Verify = %v, want %v", algorithm, name, err, auth.ErrSignature)
			}
		}
	}
}

func reversed(b []byte) []byte {
	b = slices.Clone(b)
	slices.Reverse(b)
	return b
}

// ecdsaForgeries are for r and s what CVE-2022-21449 was for Java.
func ecdsaForgeries(t *testing.T, iss *authtest.Issuer, signature []byte) map[string][]byte {
	t.Helper()
	n := iss.Users.Key.Public().(*ecdsa.PublicKey).Params().N.Bytes()
	zero, one := make([]byte, 32), append(make([]byte, 31), 1)
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"DER":            der,
		"r and s change": slices.Concat(signature[32:], signature[:32]),
		"r = 0":          slices.Concat(zero, signature[32:]),
		"s = 0":          slices.Concat(signature[:32], zero),
		"r = s = 1":      slices.Concat(one, one),
		"r = s = n":      slices.Concat(n, n),
		"r = n, s = 1":   slices.Concat(n, one),
		"wide r":         slices.Concat([]byte{0}, signature),
	}
}

// T6: parts of two good tokens do not make a third.
func TestVerifier_spliced(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	customer := strings.Split(iss.UserToken(t), ".")
	admin := strings.Split(iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}, "exp": iss.Unix(0) - 999}), ".")
	gateway := strings.Split(iss.GatewayToken(t, "catalog", product), ".")
	for name, parts := range map[string][]string{
		"payload of an expired admin":          {customer[0], admin[1], customer[2]},
		"signature of an expired admin":        {customer[0], customer[1], admin[2]},
		"header of a gateway token":            {gateway[0], customer[1], customer[2]},
		"gateway token with a user's header":   {customer[0], gateway[1], gateway[2]},
		"header of a user, rest of the others": {customer[0], admin[1], gateway[2]},
	} {
		if _, err := v.Verify(t.Context(), strings.Join(parts, "."), product); !errors.Is(err, auth.ErrSignature) {
			t.Errorf("T6 spliced, %s: Verify = %v, want %v", name, err, auth.ErrSignature)
		}
	}
}

// T18: guesses at the secret.
func TestVerifier_guessedSecrets(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "HS256")
	v := iss.Verifier(t, "catalog")
	secret := iss.Users.Secret()
	for _, guess := range []string{
		"", "\x00", "secret", "Secret", "SECRET", "secretkey", "secret-key", "your-256-bit-secret", "your_jwt_secret", "jwt", "jwt-secret", "jwtsecret",
		"JWT_SIGNING_KEY", "[Default Signing Key]", "undefined", "null", "None", "true", "0", "1234", "123456", "12345678901234567890123456789012",
		"password", "changeme", "change-me", "admin", "test", "key", "private", "fusionauth", "fusionauth-node-example", "gateway", "storefront", "qwerty",
		strings.Repeat("\x00", 32), strings.Repeat("a", 32), authtest.ClientID, authtest.UserIssuer, iss.Users.Key.ID,
		secret[1:], secret[:len(secret)-1], secret + "0", secret + "\n", " " + secret, strings.ToLower(secret), secret + secret,
		base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)), `"` + secret + `"`,
	} {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(iss.UserClaims())).SignedString([]byte(guess))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token, product); !errors.Is(err, auth.ErrSignature) {
			t.Errorf("T18 secret %q: Verify = %v, want %v", guess, err, auth.ErrSignature)
		}
	}
}

func refused(err error) bool {
	_, ok := errors.AsType[auth.Refusal](err)
	return ok
}
