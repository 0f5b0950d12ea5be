package keyring_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/go-cmp/cmp"

	"storefront/gateway/internal/keyring"
	"storefront/shared/auth"
)

var noon = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// safe is a directory of keys, the rings that replicas open over it, and their clock.
type safe struct {
	dir   string
	ahead atomic.Int64
	mu    sync.Mutex
	log   bytes.Buffer
}

func newSafe(t testing.TB) *safe { return &safe{dir: t.TempDir()} }

func (s *safe) now() time.Time          { return noon.Add(time.Duration(s.ahead.Load())) }
func (s *safe) advance(d time.Duration) { s.ahead.Add(int64(d)) }

// Write makes a safe the place of a log.
func (s *safe) Write(line []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(line)
}

func (s *safe) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// put writes a file whose time is the clock's.
func (s *safe) put(t testing.TB, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(s.dir, name)
	draft := filepath.Join(s.dir, ".draft")
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(draft, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(draft, s.now(), s.now()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, path); err != nil {
		t.Fatal(err)
	}
}

func (s *safe) remove(t testing.TB, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
		t.Fatal(err)
	}
}

func (s *safe) open() (*keyring.Ring, error) {
	return keyring.Open(keyring.Config{Dir: s.dir, Log: slog.New(slog.NewTextHandler(s, nil)), Now: s.now})
}

func (s *safe) mustOpen(t testing.TB) *keyring.Ring {
	t.Helper()
	r, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// await waits for the ring to look at its directory again.
func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// published returns the kids of the set that the ring serves.
func published(t testing.TB, r *keyring.Ring) []string {
	t.Helper()
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(serve(r).Body.Bytes(), &set); err != nil {
		t.Fatal(err)
	}
	var kids []string
	for _, k := range set.Keys {
		kids = append(kids, k["kid"])
	}
	slices.Sort(kids)
	return kids
}

func serve(r *keyring.Ring) *httptest.ResponseRecorder {
	gin.SetMode(gin.ReleaseMode)
	w := httptest.NewRecorder()
	c, _ := gin.CreateTestContext(w)
	c.Request = httptest.NewRequest(http.MethodGet, "/.well-known/jwks.json", nil)
	r.Serve(c)
	return w
}

func generate(t testing.TB, algorithm string) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch algorithm {
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "RS256":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "EdDSA":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func pkcs8(t testing.TB, key crypto.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return block("PRIVATE KEY", der)
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func newPEM(t testing.TB) string { t.Helper(); return pkcs8(t, generate(t, "ES256")) }

func TestOpen_takes(t *testing.T) {
	t.Parallel()
	ec, private := generate(t, "ES256").(*ecdsa.PrivateKey), generate(t, "RS256").(*rsa.PrivateKey)
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ text, algorithm string }{
		"PKCS #8 P-256":                        {pkcs8(t, ec), "ES256"},
		"PKCS #8 Ed25519":                      {pkcs8(t, generate(t, "EdDSA")), "EdDSA"},
		"PKCS #8 RSA":                          {pkcs8(t, private), "RS256"},
		"SEC 1":                                {block("EC PRIVATE KEY", sec1), "ES256"},
		"SEC 1, as openssl ecparam -genkey":    {block("EC PARAMETERS", []byte{6, 8, 42, 134, 72, 206, 61, 3, 1, 7}) + block("EC PRIVATE KEY", sec1), "ES256"},
		"PKCS #1":                              {block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(private)), "RS256"},
		"words around it":                      {"the key of december\n" + pkcs8(t, ec) + "\nkeep it\n", "ES256"},
		"a certificate's block in front of it": {block("CERTIFICATE", []byte("x")) + pkcs8(t, ec), "ES256"},
	} {
		for _, mode := range []os.FileMode{0o600, 0o400, 0o640, 0o440} {
			s := newSafe(t)
			s.put(t, "the-kid.pem", tt.text, mode)
			r, err := s.open()
			if err != nil {
				t.Errorf("%s: Open = %v", name, err)
				continue
			}
			if key := r.Key().Key; key.Algorithm != tt.algorithm || key.ID != "the-kid" {
				t.Errorf("%s: Key = %v, want %s key the-kid", name, key, tt.algorithm)
			}
		}
	}
}

// bad are files that hold no key to sign with; each is a fault of its own and no other's.
func bad(t testing.TB) map[string]string {
	t.Helper()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsa1024, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(generate(t, "ES256").Public())
	if err != nil {
		t.Fatal(err)
	}
	good := newPEM(t)
	return map[string]string{
		"empty":              "",
		"no PEM":             "hunter2hunter2hunter2",
		"cut PEM":            good[:len(good)/2],
		"a public key":       block("PUBLIC KEY", public),
		"an encrypted key":   block("ENCRYPTED PRIVATE KEY", []byte("hunter2hunter2")),
		"bytes that are not": block("PRIVATE KEY", []byte("hunter2hunter2")),
		"PKCS #1 as SEC 1":   block("EC PRIVATE KEY", x509.MarshalPKCS1PrivateKey(generate(t, "RS256").(*rsa.PrivateKey))),
		"P-384":              pkcs8(t, p384),
		"RSA 1024":           pkcs8(t, rsa1024),
		"too large":          good + strings.Repeat("\n", 65<<10),
	}
}

func TestOpen_refuses(t *testing.T) {
	t.Parallel()
	for name, text := range bad(t) {
		s := newSafe(t)
		s.put(t, "bad.pem", text, 0o600)
		if _, err := s.open(); err == nil || !strings.Contains(err.Error(), "GATEWAY_SIGNING_KEYS") || !strings.Contains(s.logged(), "file=bad.pem") {
			t.Errorf("%s: Open = %v, log %s", name, err, s.logged())
		}
	}
	s := newSafe(t)
	if _, err := s.open(); err == nil {
		t.Error("an empty directory is taken")
	}
	s.put(t, ".hidden.pem", newPEM(t), 0o600)
	s.put(t, "key.txt", newPEM(t), 0o600)
	if err := os.Mkdir(filepath.Join(s.dir, "folder.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(); err == nil {
		t.Error("a directory without a .pem file is taken")
	}
	if err := syscall.Mkfifo(filepath.Join(s.dir, "pipe.pem"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(); err == nil {
		t.Error("a pipe is taken, and it is read")
	}
	s.dir = filepath.Join(s.dir, "missing")
	if _, err := s.open(); err == nil {
		t.Error("a missing directory is taken")
	}
}

// A key that every user of the machine can read signs nothing any more.
func TestOpen_refusesOpenFiles(t *testing.T) {
	t.Parallel()
	for _, mode := range []os.FileMode{0o644, 0o604, 0o602, 0o601, 0o666, 0o444} {
		s := newSafe(t)
		s.put(t, "k.pem", newPEM(t), mode)
		if _, err := s.open(); err == nil || !strings.Contains(s.logged(), "chmod") {
			t.Errorf("mode %#o: Open = %v, log %s", mode, err, s.logged())
		}
	}
}

func TestOpen_badFilesTakeNoGoodOnesAway(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	s.put(t, "good.pem", newPEM(t), 0o600)
	for name, text := range bad(t) {
		s.put(t, name+".pem", text, 0o600)
	}
	s.put(t, "open.pem", newPEM(t), 0o644)
	s.put(t, "not utf-8 \xff.pem", newPEM(t), 0o600)
	if err := os.Symlink("nowhere", filepath.Join(s.dir, "link.pem")); err != nil {
		t.Fatal(err)
	}
	r := s.mustOpen(t)
	if diff := cmp.Diff([]string{"good"}, published(t, r)); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	if n := strings.Count(s.logged(), "signing key cannot be used"); n != len(bad(t))+3 || strings.Contains(s.logged(), "hunter2") || strings.Contains(s.logged(), "BEGIN") {
		t.Errorf("%d faults are logged, want %d and no text of the files:\n%s", n, len(bad(t))+3, s.logged())
	}
}

// More keys than a service takes would be no keys at all.
func TestOpen_refusesMoreKeysThanServicesTake(t *testing.T) {
	t.Parallel()
	s := newSafe(t)
	for i := range auth.MaxPublishedKeys {
		s.put(t, fmt.Sprintf("%02d.pem", i), newPEM(t), 0o600)
	}
	if r := s.mustOpen(t); len(published(t, r)) != auth.MaxPublishedKeys {
		t.Errorf("%d keys are published, want %d", len(published(t, r)), auth.MaxPublishedKeys)
	}
	s.put(t, "one-more.pem", newPEM(t), 0o600)
	if _, err := s.open(); err == nil || !strings.Contains(err.Error(), "65 keys") {
		t.Errorf("Open = %v", err)
	}
}

func header(t testing.TB, token string) map[string]string {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(part)
	h := map[string]string{}
	if err != nil || json.Unmarshal(text, &h) != nil {
		t.Fatalf("header of %q: %v", token, err)
	}
	return h
}
