package stack_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/e2e/internal/stack"
)

func TestOpenSecrets_makesThemOnceAndForTheOwnerAlone(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "secrets")
	first := openSecrets(t, dir, nil)
	if diff := cmp.Diff(first, openSecrets(t, dir, nil)); diff != "" {
		t.Errorf("a second start has other secrets (-first +second):\n%s", diff)
	}
	if mode := modeOf(t, dir); mode != 0o700 {
		t.Errorf("mode of the directory = %o, want 700", mode)
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(first) {
		t.Errorf("%d files for %d secrets", len(files), len(first))
	}
	for _, f := range files {
		if mode := modeOf(t, filepath.Join(dir, f.Name())); mode != 0o600 {
			t.Errorf("mode of %s = %o, want 600", f.Name(), mode)
		}
	}
}

func TestOpenSecrets_keysAreLongAndPasswordsReadable(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	readable := regexp.MustCompile(`^[a-z]{6}-[a-z]{6}-[a-z]{6}$`)
	for range 20 {
		for name, value := range openSecrets(t, t.TempDir(), nil) {
			if other, again := seen[value]; again {
				t.Errorf("%s has the value of %s", name, other)
			}
			seen[value] = name
			if strings.HasSuffix(name, "_PASSWORD") && !readable.MatchString(value) {
				t.Errorf("%s is not readable: %q", name, value)
			}
			if !strings.HasSuffix(name, "_PASSWORD") && len(value) < 32 {
				t.Errorf("%s has %d bytes, want 32 at least", name, len(value))
			}
		}
	}
}

func TestOpenSecrets_theEnvironmentWinsAndIsNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	given := openSecrets(t, dir, map[string]string{"ADMIN_PASSWORD": "of the environment"})
	if given["ADMIN_PASSWORD"] != "of the environment" {
		t.Error("the environment does not win over making one")
	}
	made := openSecrets(t, dir, map[string]string{"ADMIN_PASSWORD": ""})
	if made["ADMIN_PASSWORD"] == "of the environment" || made["ADMIN_PASSWORD"] == "" {
		t.Errorf("an empty variable gives %q, want a new secret", made["ADMIN_PASSWORD"])
	}
	again := openSecrets(t, dir, map[string]string{"ADMIN_PASSWORD": "another"})
	if again["ADMIN_PASSWORD"] != "another" {
		t.Error("the environment does not win over the file")
	}
}

func TestOpenSecrets_tightensModesThatGrewLoose(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openSecrets(t, dir, nil)
	file := filepath.Join(dir, "JWT_SIGNING_KEY")
	for path, mode := range map[string]os.FileMode{dir: 0o755, file: 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	openSecrets(t, dir, nil)
	if modeOf(t, dir) != 0o700 || modeOf(t, file) != 0o600 {
		t.Errorf("modes stay %o and %o", modeOf(t, dir), modeOf(t, file))
	}
}

func TestOpenSecrets_anEmptyFileIsNamed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "SESSION_SECRET"), []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := stack.OpenSecrets(dir, nil)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "SESSION_SECRET")) {
		t.Errorf("OpenSecrets() = %v, want the file's name", err)
	}
}

func TestOpenSecrets_twoFirstStartsAtOnceAgree(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var all [8]stack.Secrets
	var starts sync.WaitGroup
	for i := range all {
		starts.Go(func() { all[i] = openSecrets(t, dir, nil) })
	}
	starts.Wait()
	for _, secrets := range all[1:] {
		if diff := cmp.Diff(all[0], secrets); diff != "" {
			t.Fatalf("two starts have different secrets:\n%s", diff)
		}
	}
}

func openSecrets(t testing.TB, dir string, env map[string]string) stack.Secrets {
	t.Helper()
	secrets, err := stack.OpenSecrets(dir, env)
	if err != nil {
		t.Error(err)
	}
	return secrets
}

func modeOf(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

// A rotated secret has the new value first and the old one after it, so that what was sealed still opens.
func TestRotateSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, first := filepath.Join(dir, "SESSION_SECRET"), openSecrets(t, dir, nil)["SESSION_SECRET"]
	var lines []string
	for range 2 {
		if err := stack.RotateSecret(dir, "SESSION_SECRET"); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines = strings.Fields(string(text))
		if len(lines) != 2 || lines[1] != first || lines[0] == first || len(lines[0]) < 32 {
			t.Fatalf("the file holds %d lines; want a new value and the one before", len(lines))
		}
		first = lines[0]
	}
	if mode := modeOf(t, path); mode != 0o600 {
		t.Errorf("mode = %o, want 600", mode)
	}
}
