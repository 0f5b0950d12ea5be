package config_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"storefront/shared/config"
)

// settings declares one of each kind.
func settings(s *config.Settings) int {
	s.String("PLAIN", "as is", "a text")
	s.String("DATABASE_URL", "sqlite:x.db", "a URL that may hold a password")
	s.Enum("LOG_LEVEL", "info", "a word", "info", "warn")
	s.Rotating("JWT_SIGNING_KEY", "a key", 32)
	s.Rotating("FUSIONAUTH_CLIENT_SECRET", "a password", 1)
	s.RotatingIf(false, "UNUSED", "not looked at", 32)
	return 0
}

// printed runs the command and gives its lines, by the first word, with blanks made one.
func printed(t *testing.T, environ ...string) (map[string]string, error) {
	t.Helper()
	var out strings.Builder
	err := config.Command(nil, environ, &out, settings)
	lines := map[string]string{}
	for line := range strings.Lines(out.String()) {
		fields := strings.Fields(line)
		lines[fields[0]] = strings.Join(fields[1:], " ")
	}
	return lines, err
}

func TestCommand_printsEverySettingAndItsSource(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "key")
	other := strings.Repeat("o", 32)
	if err := os.WriteFile(secret, []byte(key+"\n"+other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := printed(t, "DATABASE_URL=postgres://app:hunter2@db/shop?sslmode=require&password=hunter2", "LOG_LEVEL=warn", "JWT_SIGNING_KEY_FILE="+secret,
		"FUSIONAUTH_CLIENT_SECRET="+strings.Repeat("hunter2", 9))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"SETTING":                  "VALUE SOURCE",
		"PLAIN":                    "as is default",
		"DATABASE_URL":             "postgres://app:xxxxx@db/shop?sslmode=require&password=xxxxx environment",
		"LOG_LEVEL":                "warn environment",
		"JWT_SIGNING_KEY":          "[set] 2 values, fingerprint " + config.Secret(key).Fingerprint() + " " + config.Secret(other).Fingerprint() + " file " + secret,
		"FUSIONAUTH_CLIENT_SECRET": "[set] 1 value environment", // a long password is a password
		"UNUSED":                   "[not set] default",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestCommand_goesOnWithFaults(t *testing.T) {
	t.Parallel()
	got, err := printed(t, "LOG_LEVEL=loud", "JWT_SIGNING_KEY=short", "FUSIONAUTH_CLIENT_SECRET_FILE=/nonexistent", "JWT_SINGING_KEY=x", "UNUSED=set all the same",
		"PLAIN=two\nlines")
	for _, want := range []string{"LOG_LEVEL: ", "JWT_SIGNING_KEY: is shorter", "FUSIONAUTH_CLIENT_SECRET_FILE: ", "JWT_SINGING_KEY: no such setting"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Command = %v, want %q in it", err, want)
		}
	}
	for name, want := range map[string]string{
		"PLAIN": `"two\nlines" environment`, "LOG_LEVEL": "loud environment", "JWT_SIGNING_KEY": "[set] 1 value environment",
		"FUSIONAUTH_CLIENT_SECRET": "[not set] file /nonexistent", "UNUSED": "[set] 1 value environment", "DATABASE_URL": "sqlite:x.db default",
	} {
		if got[name] != want {
			t.Errorf("%s = %q, want %q", name, got[name], want)
		}
	}
}

// A value that cannot be used may be anything, and is shown all the same.
func TestCommand_masksPasswords(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://app:hunter2@db/shop", "postgres://:hunter2@db", "postgres://app:a/hunter2@db", "postgres://app:a@hunter2@db", "postgres://app:hunter2%@db", "app:hunter2@db",
		"postgres://db/shop?user=app&password=hunter2", "host=db password=hunter2", "host=db PASSWORD = 'a hunter2 b'", "postgres://db/shop?sslpassword=hunter2", "https://x?token=hunter2",
	} {
		got, _ := printed(t, "DATABASE_URL="+url)
		if strings.Contains(got["DATABASE_URL"], "hunter2") || !strings.Contains(got["DATABASE_URL"], "xxxxx") {
			t.Errorf("%s is printed as %s", url, got["DATABASE_URL"])
		}
	}
	for _, url := range []string{"https://shop.example.com:8443/x", "127.0.0.1:3000,[::1]:3000", "me@example.com", "openid profile"} {
		if got, _ := printed(t, "DATABASE_URL="+url); got["DATABASE_URL"] != url+" environment" {
			t.Errorf("%s is printed as %s", url, got["DATABASE_URL"])
		}
	}
}

func TestCommand_json(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	err := config.Command([]string{"--json"}, []string{"JWT_SIGNING_KEY=" + key, "LOG_LEVEL=loud"}, &out, settings)
	var got struct {
		Settings []struct {
			Name, Value, Source string
			Values              int
			Fingerprints        []string
		}
		Faults []string
	}
	if parse := json.Unmarshal([]byte(out.String()), &got); parse != nil || err == nil {
		t.Fatalf("%v, %v: %s", parse, err, &out)
	}
	if len(got.Settings) != 6 || len(got.Faults) != 2 || !strings.HasPrefix(got.Faults[0], "LOG_LEVEL: ") || strings.Contains(out.String(), key) {
		t.Errorf("%s", &out)
	}
	if s := got.Settings[3]; s.Name != "JWT_SIGNING_KEY" || s.Value != "[set]" || s.Values != 1 || s.Source != "environment" || len(s.Fingerprints) != 1 {
		t.Errorf("%+v", s)
	}
	if err := config.Command([]string{"--yaml"}, nil, &out, settings); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("another argument = %v", err)
	}
}

func TestSecret_Fingerprint(t *testing.T) {
	t.Parallel()
	one, two := config.Secret(key), config.Secret(key+"x")
	if one.Fingerprint() == two.Fingerprint() || one.Fingerprint() != config.Secret(key).Fingerprint() || len(one.Fingerprint()) != 8 {
		t.Errorf("fingerprints %s and %s", one.Fingerprint(), two.Fingerprint())
	}
	if got := config.Secret(key[1:]).Fingerprint(); got != "" {
		t.Errorf("a short secret has the fingerprint %s", got)
	}
}
