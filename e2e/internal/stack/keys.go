package stack

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sharedKey reports whether the services share one HMAC key, as in the article.
func (c Config) sharedKey() bool { return c.Env["AUTH_MODE"] != "jwks" }

// userAlgorithm is what signs access tokens.
func (c Config) userAlgorithm() string {
	if c.sharedKey() {
		return "HS256"
	}
	return cmp.Or(c.UserKey, "RS256")
}

// DefaultKey is the algorithm of a signing key of the gateway's.
const DefaultKey = "ES256"

// OpenKeys lets the gateway make the directory of its signing keys, with a first key of the algorithm if it holds none.
func OpenKeys(ctx context.Context, bin, dir, algorithm string) error {
	_, err := keys(ctx, bin, "init", dir, algorithm)
	return err
}

// RotateKeys lets the gateway add a fresh key, and remove those whose last token has expired. It gives what the gateway says.
func RotateKeys(ctx context.Context, bin, dir, algorithm string) (string, error) {
	return keys(ctx, bin, "rotate", dir, algorithm)
}

func keys(ctx context.Context, bin string, args ...string) (string, error) {
	return printed(ctx, filepath.Join(bin, Gateway), nil, append([]string{"keys"}, args...)...)
}

// ReadKey gives the kid and the private key of the one key in dir.
func ReadKey(dir string) (kid string, private crypto.PrivateKey, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(paths) != 1 {
		return "", nil, errors.Join(err, fmt.Errorf("%s holds %d keys, not one", dir, len(paths)))
	}
	text, err := os.ReadFile(paths[0])
	if err != nil {
		return "", nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return "", nil, fmt.Errorf("%s is no PEM file", paths[0])
	}
	private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	return strings.TrimSuffix(filepath.Base(paths[0]), ".pem"), private, err
}

// NewPrivateKey makes a fresh private key of RS256, ES256 or EdDSA.
func NewPrivateKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "RS256":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, fmt.Errorf("no signing key is of algorithm %q", algorithm)
	}
}
