package keyring

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
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"storefront/shared/auth"
)

// retirement is how old a key's successor must be before the key can go: it signs [PublishAhead] after it was put there, and a
// token of the key before lives its time and the leeway of clocks.
const retirement = PublishAhead + auth.GatewayTokenLife + time.Minute

// errUsage is the manual of [Command].
var errUsage = errors.New("usage: gateway keys init DIR [ES256|EdDSA|RS256], which makes a first key where there is none; " +
	"or gateway keys rotate DIR [ES256|EdDSA|RS256], which adds a key and removes those whose last token has expired")

// Command does what `gateway keys` is asked for. It needs no settings, only the directory; a running gateway notices by itself.
func Command(args []string, out io.Writer) error {
	if len(args) < 2 || len(args) > 3 {
		return errUsage
	}
	dir, algorithm := args[1], "ES256"
	if len(args) == 3 {
		algorithm = args[2]
	}
	switch args[0] {
	case "init":
		return initialize(dir, algorithm, out)
	case "rotate":
		return rotate(dir, algorithm, out)
	default:
		return errUsage
	}
}

// initialize makes the directory, and a first key if it holds none.
func initialize(dir, algorithm string, out io.Writer) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	found, err := pems(dir)
	if err != nil || len(found) > 0 {
		return err
	}
	return add(dir, algorithm, out)
}

func rotate(dir, algorithm string, out io.Writer) error {
	if err := add(dir, algorithm, out); err != nil {
		return err
	}
	return retire(dir, out)
}

// add puts a fresh key into the directory, named for the time at which it was made. It appears whole, and readable to its owner
// alone.
func add(dir, algorithm string, out io.Writer) error {
	private, err := newPrivateKey(algorithm)
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
	if err := os.Rename(draft, filepath.Join(dir, name)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s is a new %s key: it is published now, and signs in a minute; the keys before verify on\n", filepath.Join(dir, name), algorithm)
	return err
}

// retire removes the keys whose last token has expired.
func retire(dir string, out io.Writer) error {
	paths, err := pems(dir)
	if err != nil {
		return err
	}
	ages := map[string]time.Duration{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		ages[path] = time.Since(info.ModTime())
	}
	slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(ages[a], ages[b]) }) // the newest first
	for i, path := range paths {
		if i == 0 || ages[paths[i-1]] < retirement {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s is removed: its last token has expired\n", path); err != nil {
			return err
		}
	}
	return nil
}

func pems(dir string) ([]string, error) { return filepath.Glob(filepath.Join(dir, "*.pem")) }

func newPrivateKey(algorithm string) (crypto.Signer, error) {
	switch algorithm {
	case "RS256":
		return rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	default:
		return nil, fmt.Errorf("%q is no algorithm of a signing key: ES256, EdDSA or RS256", algorithm)
	}
}
