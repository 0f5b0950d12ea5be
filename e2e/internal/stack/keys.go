package stack

import (
	"cmp"
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
	"slices"
	"strings"
	"time"
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

// OpenKeys makes the directory of the gateway's signing keys, with a first key of the algorithm if it holds none.
func OpenKeys(dir, algorithm string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil || len(found) > 0 {
		return err
	}
	return AddKey(dir, algorithm)
}

// AddKey adds a fresh key, named for the time at which it was made.
func AddKey(dir, algorithm string) error {
	private, err := NewPrivateKey(algorithm)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	name := time.Now().UTC().Format("20060102-150405.000") + "-" + algorithm + ".pem"
	draft := filepath.Join(dir, "."+name)
	if err := os.WriteFile(draft, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(dir, name)) // it appears whole
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

// retirement is how old a key's successor must be before the key can go: it signs a minute after it was put there, and a token of the
// key before lives ten minutes and the leeway of clocks.
const retirement = 12 * time.Minute

// RetireKeys removes the keys whose last token has expired, and tells which.
func RetireKeys(dir string) (removed []string, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		return nil, err
	}
	ages := map[string]time.Duration{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		ages[path] = time.Since(info.ModTime())
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(ages[a], ages[b]) }) // the newest first
	for i, path := range paths {
		if i == 0 || ages[paths[i-1]] < retirement {
			continue
		}
		if err := os.Remove(path); err != nil {
			return removed, err
		}
		removed = append(removed, path)
	}
	return removed, nil
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
