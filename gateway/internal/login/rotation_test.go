package login_test

import (
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"storefront/gateway/internal/login"
	"storefront/shared/config"
)

// secretFile is a setting whose value stands in a file that the test writes over, and the log that tells when it was read.
type secretFile struct {
	path string
	mu   sync.Mutex
	log  strings.Builder
}

func newSecretFile(t testing.TB, text string) *secretFile {
	t.Helper()
	f := &secretFile{path: filepath.Join(t.TempDir(), "secret")}
	f.write(t, text)
	return f
}

func (f *secretFile) write(t testing.TB, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(f.path+".new", []byte(text), 0o600), os.Rename(f.path+".new", f.path)); err != nil {
		t.Fatal(err)
	}
}

func (f *secretFile) setting(t testing.TB, minBytes int) config.Rotating {
	t.Helper()
	s := config.Read([]string{"X_FILE=" + f.path})
	r := s.Rotating("X", "", minBytes)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return r
}

func (f *secretFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.log.Write(line)
}

func (f *secretFile) logger() *slog.Logger { return slog.New(slog.NewTextHandler(f, nil)) }

// change writes the file and calls use until the gateway has taken it up, which takes up to a second.
func (f *secretFile) change(t testing.TB, text string, use func()) {
	t.Helper()
	taken := func() int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return strings.Count(f.log.String(), "changed setting is in use")
	}
	before := taken()
	f.write(t, text)
	for deadline := time.Now().Add(20 * time.Second); taken() == before; time.Sleep(time.Millisecond) {
		if use(); time.Now().After(deadline) {
			t.Fatal("the changed secret is not taken up")
		}
	}
}

// A login that was begun before a rotation ends after it: old+new, new+old, new.
func TestSessionSecret_rotates(t *testing.T) {
	t.Parallel()
	const old, next = "old-session-secret-0123456789abcdef", "next-session-secret-0123456789abcdef"
	f := newSecretFile(t, old)
	s := newShop(t, func(cfg *login.Config) { cfg.Secret, cfg.Log = f.setting(t, 32), f.logger() })
	use := func() { s.browser(t).approach("/") }
	wantSignedIn := func(b *browser, callback, begun string) {
		t.Helper()
		if res := b.get(callback); res.StatusCode != http.StatusSeeOther || res.location() != "/after" {
			t.Errorf("a login %s = %d to %q, want 303 to /after", begun, res.StatusCode, res.location())
		}
	}
	early, middle, late, stale := s.browser(t), s.browser(t), s.browser(t), s.browser(t)
	earlyCallback := early.approach("/after")
	f.change(t, old+"\n"+next, use)
	middleCallback, staleCallback := middle.approach("/after"), stale.approach("/after")
	f.change(t, next+"\n"+old, use)
	wantSignedIn(early, earlyCallback, "from before the rotation")
	wantSignedIn(middle, middleCallback, "from the middle of it")
	lateCallback := late.approach("/after")
	f.change(t, next, use)
	wantSignedIn(late, lateCallback, "sealed with the new secret")
	if res := stale.get(staleCallback); res.StatusCode != http.StatusFound || !strings.HasPrefix(res.location(), "/login") {
		t.Errorf("a login sealed with a secret that is gone = %d to %q, want a fresh one", res.StatusCode, res.location())
	}
	if strings.Contains(f.log.String(), "0123456789") {
		t.Errorf("log: %s", &f.log)
	}
}

// The client secret is changed at the identity server and in the file; logins and refreshes go on.
func TestClientSecret_rotates(t *testing.T) {
	t.Parallel()
	f := newSecretFile(t, clientSecret+"\n")
	s := newShop(t, func(cfg *login.Config) { cfg.ClientSecret, cfg.Log = f.setting(t, 1), f.logger() })
	signedIn := s.browser(t)
	signedIn.mustSignIn()
	s.id.tell(lie{secret: "another one"})
	if res := s.browser(t).signIn("/"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("a login with the old secret = %d, want 502", res.StatusCode)
	}
	f.change(t, "another one\n", func() { _ = s.browser(t).signIn("/") })
	s.browser(t).mustSignIn()
	if res := signedIn.get("/token?renew=1"); res.StatusCode != http.StatusOK || s.id.refreshes.Load() != 1 {
		t.Errorf("a refresh with the new secret = %d %s", res.StatusCode, res.text)
	}
}
