package auth_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/dsa" //nolint:staticcheck // a key type that must be refused
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/auth"
	"storefront/shared/auth/authtest"
)

// T18, at the start.
func TestHMACKey_refusesShortSecrets(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 16, 31} {
		_, err := auth.HMACKey("k", bytes.Repeat([]byte("S"), n))
		if err == nil || strings.Contains(err.Error(), "SS") {
			t.Errorf("HMACKey(%d bytes) = %v, want an error that does not show the secret", n, err)
		}
	}
	if _, err := auth.HMACKey("k", bytes.Repeat([]byte("S"), 32)); err != nil {
		t.Errorf("HMACKey(32 bytes) = %v", err)
	}
	if _, err := auth.HMACKey("", bytes.Repeat([]byte("S"), 32)); err == nil {
		t.Error("HMACKey without id is accepted")
	}
}

func TestHMACKey_keepsItsOwnCopy(t *testing.T) {
	t.Parallel()
	secret := []byte(strings.Repeat("S", 32))
	key, err := auth.HMACKey("k", secret)
	if err != nil {
		t.Fatal(err)
	}
	iss := newIssuer(t, "HS256")
	iss.Users = authtest.HMACKey(t, "k", string(secret))
	v := verifierWith(t, iss, key)
	secret[0] = 'X'
	if _, err := v.Verify(t.Context(), iss.UserToken(t), product); err != nil {
		t.Errorf("Verify after the caller's slice changed = %v", err)
	}
}

func TestPublicKey(t *testing.T) {
	t.Parallel()
	rsa2048, p256, ed := newRSA(t, 2048), newECDSA(t, elliptic.P256()), ed25519.NewKeyFromSeed(make([]byte, 32))
	x, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		public crypto.PublicKey
		want   string // algorithm, or "" for refused
	}{
		{"RSA 2048", rsa2048.Public(), "RS256"},
		{"P-256", p256.Public(), "ES256"},
		{"Ed25519", ed.Public(), "EdDSA"},
		{"RSA 1024", newRSA(t, 1024).Public(), ""},
		{"RSA without a modulus", &rsa.PublicKey{E: 65537}, ""},
		{"RSA nil", (*rsa.PublicKey)(nil), ""},
		{"RSA by value", *rsa2048.Public().(*rsa.PublicKey), ""},
		{"RSA private", rsa2048, ""},
		{"P-384", newECDSA(t, elliptic.P384()).Public(), ""},
		{"P-256 off the curve", &ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(1), Y: big.NewInt(1)}, ""}, //nolint:staticcheck // made by hand, as a bad JWK would be
		{"ECDSA without a curve", &ecdsa.PublicKey{}, ""},
		{"ECDSA nil", (*ecdsa.PublicKey)(nil), ""},
		{"Ed25519 cut", ed.Public().(ed25519.PublicKey)[:31], ""},
		{"X25519", x.PublicKey(), ""},
		{"DSA", &dsa.PublicKey{}, ""},
		{"a secret", []byte(strings.Repeat("S", 32)), ""},
		{"a string", strings.Repeat("S", 32), ""},
		{"nil", nil, ""},
	}
	for _, tt := range tests {
		key, err := auth.PublicKey("k", tt.public)
		if key.Algorithm != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("PublicKey(%s) = %v, %v, want algorithm %q", tt.name, key, err, tt.want)
		}
		if tt.want != "" && key.Public() == nil {
			t.Errorf("PublicKey(%s).Public() = nil", tt.name)
		}
	}
	if _, err := auth.PublicKey("", ed.Public()); err == nil {
		t.Error("PublicKey without id is accepted")
	}
}

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newECDSA(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// A key in a log line or an error is its name.
func TestKey_printsNoSecret(t *testing.T) {
	t.Parallel()
	key := authtest.HMACKey(t, "shared", strings.Repeat("topsecret", 4))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{key.Key, key.SigningKey, &key.SigningKey, []auth.Key{key.Key}} {
			text := fmt.Sprintf(verb, v)
			if !strings.Contains(text, "HS256 key shared") || strings.Contains(text, "secret") || strings.Contains(text, "746f70") {
				t.Errorf("Sprintf(%s, %T) = %s", verb, v, text)
			}
		}
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "key", key.Key, "signer", key.SigningKey)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("start", "key", key.Key, "signer", key.SigningKey)
	if strings.Contains(log.String(), "topsecret") || strings.Contains(log.String(), "dG9wc2VjcmV0") {
		t.Errorf("log has the secret: %s", &log)
	}
	if key.Key.Public() != nil {
		t.Error("a shared secret has a public half")
	}
}

func TestStaticKeys(t *testing.T) {
	t.Parallel()
	h1, h2 := authtest.NewKey(t, "HS256", "h1").Key, authtest.NewKey(t, "HS256", "h2").Key
	e1, e2, e2b := authtest.NewKey(t, "ES256", "e1").Key, authtest.NewKey(t, "EdDSA", "e2").Key, authtest.NewKey(t, "ES256", "e2").Key
	tests := []struct {
		name string
		keys []auth.Key
		kid  string
		want []auth.Key
	}{
		{"one secret answers for its kid", []auth.Key{h1}, "h1", []auth.Key{h1}},
		{"one secret answers for no kid", []auth.Key{h1}, "", []auth.Key{h1}},
		{"one secret answers for any kid", []auth.Key{h1}, "X9f1", []auth.Key{h1}},
		{"secrets in rotation answer together", []auth.Key{h1, h2}, "h2", []auth.Key{h1, h2}},
		{"a public key answers for its kid", []auth.Key{e1, e2}, "e1", []auth.Key{e1}},
		{"not for another", []auth.Key{e1, e2}, "e3", nil},
		{"not for none", []auth.Key{e1, e2}, "", nil},
		{"not for its kid in capitals", []auth.Key{e1}, "E1", nil},
		{"two keys of one kid", []auth.Key{e1, e2, e2b}, "e2", []auth.Key{e2, e2b}},
		{"a public key beside a secret", []auth.Key{e1, h1}, "e1", []auth.Key{h1, e1}},
		{"no keys", nil, "e1", nil},
	}
	for _, tt := range tests {
		got, err := auth.StaticKeys(tt.keys...).Keys(t.Context(), tt.kid)
		if err != nil || !cmp.Equal(names(got), names(tt.want)) {
			t.Errorf("%s: Keys(%q) = %v, %v, want %v", tt.name, tt.kid, got, err, tt.want)
		}
	}
}

func names(keys []auth.Key) []string {
	var list []string
	for _, k := range keys {
		list = append(list, fmt.Sprint(k))
	}
	return list
}

// keySetFunc stands for a remote set.
type keySetFunc func(ctx context.Context, kid string) ([]auth.Key, error)

func (f keySetFunc) Keys(ctx context.Context, kid string) ([]auth.Key, error) { return f(ctx, kid) }

func TestVerifier_remoteKeys(t *testing.T) {
	t.Parallel()
	iss := newIssuer(t, "ES256")
	asked := ""
	answer, failure := []auth.Key{iss.Users.Key}, error(nil)
	cfg := iss.Config("catalog")
	cfg.Users.Keys = keySetFunc(func(_ context.Context, kid string) ([]auth.Key, error) {
		asked = kid
		return answer, failure
	})
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(t.Context(), iss.UserToken(t), product); err != nil || asked != iss.Users.Key.ID {
		t.Errorf("Verify = %v, asked for %q", err, asked)
	}

	// A key that no constructor made verifies nothing, not even alg "".
	answer = []auth.Key{{}, {ID: iss.Users.Key.ID, Algorithm: "none"}, {ID: iss.Users.Key.ID, Algorithm: "HS256"}, {Algorithm: "ES256"}}
	for _, alg := range []string{"", "none", "HS256", "ES256"} {
		token := iss.Users.Token(t, iss.UserHeader(authtest.Claims{"alg": alg}), iss.UserClaims())
		if _, err := v.Verify(t.Context(), token, product); !refused(err) {
			t.Errorf("Verify(alg %q) with hollow keys = %v, want a refusal", alg, err)
		}
	}

	failure = fmt.Errorf("fetch jwks: %w", auth.ErrUnavailable)
	if _, err := v.Verify(t.Context(), iss.UserToken(t), product); !errors.Is(err, auth.ErrUnavailable) || refused(err) {
		t.Errorf("Verify while the source is down = %v, want %v and no refusal", err, auth.ErrUnavailable)
	}
	if _, err := v.Verify(t.Context(), iss.GatewayToken(t, "catalog", product), product); err != nil {
		t.Errorf("Verify(gateway token) while the other source is down = %v", err)
	}
}

// Two keys of one kid happen while keys are rotated: each is tried, with its own algorithm.
func TestVerifier_triesEveryKey(t *testing.T) {
	t.Parallel()
	for _, algorithm := range auth.Algorithms() {
		iss := newIssuer(t, algorithm)
		id := iss.Users.Key.ID
		v := verifierWith(t, iss, authtest.NewKey(t, algorithm, id).Key, authtest.NewKey(t, "EdDSA", id).Key, iss.Users.Key)
		if _, err := v.Verify(t.Context(), iss.UserToken(t), product); err != nil {
			t.Errorf("%s: Verify = %v", algorithm, err)
		}
	}
}
