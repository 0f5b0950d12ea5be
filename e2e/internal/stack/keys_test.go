package stack_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"storefront/e2e/internal/stack"
)

func TestKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	for range 2 { // the second finds the first's
		if err := stack.OpenKeys(dir, "EdDSA"); err != nil {
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
	if err := stack.AddKey(dir, "none"); err == nil {
		t.Error("AddKey(none) = nil error")
	}
}

// A key goes when its successor has signed for as long as a token lives, and the one that signs never does.
func TestRetireKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, age := range map[string]time.Duration{"a": 40 * time.Minute, "b": 30 * time.Minute, "c": 11 * time.Minute, "d": 0} {
		path := filepath.Join(dir, name+".pem")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-age)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
	}
	removed, err := stack.RetireKeys(dir)
	if err != nil || len(removed) != 1 || filepath.Base(removed[0]) != "a.pem" || len(list(t, dir)) != 3 {
		t.Errorf("RetireKeys = %v, %v; want the one whose successor is older than a token lives", removed, err)
	}
}

func list(t testing.TB, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
