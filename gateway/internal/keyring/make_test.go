package keyring_test

import (
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/keyring"
)

func list(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCommand_initMakesOneKey(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"ES256", "EdDSA", "RS256"} {
		dir := filepath.Join(t.TempDir(), "keys")
		for range 2 { // the second finds the first's
			if err := keyring.Command([]string{"init", dir, algorithm}, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
		keys := list(t, dir)
		if len(keys) != 1 {
			t.Fatalf("%d keys, want the one that was made first", len(keys))
		}
		if info, err := os.Stat(keys[0]); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
		}
		ring, err := keyring.Open(keyring.Config{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if kid := ring.Key().Key.ID; kid != strings.TrimSuffix(filepath.Base(keys[0]), ".pem") {
			t.Errorf("kid = %q of %s", kid, keys[0])
		}
	}
}

// A key goes when its successor has signed for as long as a token lives, and the newest never does.
func TestCommand_rotateRetiresWhatNobodyHoldsATokenOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"a": 40 * time.Minute, "b": 30 * time.Minute, "c": 11 * time.Minute, "d": time.Second} {
		path := filepath.Join(dir, name+".pem")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := keyring.Command([]string{"rotate", dir}, &out); err != nil {
		t.Fatal(err)
	}
	_, err := os.Stat(filepath.Join(dir, "a.pem"))
	if keys := list(t, dir); len(keys) != 4 || !os.IsNotExist(err) {
		t.Errorf("%v are left; want a new one, and without the one whose successor is older than a token lives", keys)
	}
	if strings.Count(out.String(), "\n") != 2 || !strings.Contains(out.String(), "a.pem is removed") {
		t.Errorf("said %q", out.String())
	}
}

func TestCommand_refuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, args := range [][]string{nil, {"init"}, {"rotate"}, {"remove", dir}, {"init", dir, "none"}, {"rotate", dir, "HS256"}, {"init", dir, "ES256", "more"}} {
		if err := keyring.Command(args, io.Discard); err == nil {
			t.Errorf("Command(%q) = nil error", args)
		}
	}
	if keys := list(t, dir); len(keys) != 0 {
		t.Errorf("%v were made", keys)
	}
}
