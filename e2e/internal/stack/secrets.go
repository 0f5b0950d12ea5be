package stack

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secrets are the secrets of the demo, by the name of their setting.
type Secrets map[string]string

// secretNames are what a demo needs, with how each is made: what people type is readable.
var secretNames = []struct {
	name string
	make func() string
}{
	{"JWT_SIGNING_KEY", randomKey},
	{"SESSION_SECRET", randomKey},
	{"FUSIONAUTH_CLIENT_SECRET", randomKey},
	{"KICKSTART_API_KEY", randomKey},
	{"FUSIONAUTH_API_KEY", randomKey},
	{"ADMIN_PASSWORD", readable},
	{"MANAGER_PASSWORD", readable},
	{"CUSTOMER_PASSWORD", readable},
	{"ANONYMOUS_PASSWORD", readable},
}

// OpenSecrets reads the secrets from dir and makes those that are not there yet. A variable of the environment wins over a file.
func OpenSecrets(dir string, env map[string]string) (Secrets, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory needs its x
		return nil, err
	}
	secrets := Secrets{}
	for _, s := range secretNames {
		if value := env[s.name]; value != "" {
			secrets[s.name] = value
			continue
		}
		value, err := keep(filepath.Join(dir, s.name), s.make)
		if err != nil {
			return nil, fmt.Errorf("secret %s: %w", s.name, err)
		}
		secrets[s.name] = value
	}
	return secrets, nil
}

// keep gives the secret in the file, or makes both. The file appears under its name whole and with its mode, so that two first starts
// at once agree.
func keep(path string, newSecret func() string) (string, error) {
	value, err := readSecret(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return value, err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".draft-*") // mode 0600
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = fmt.Fprintln(draft, newSecret())
	if err := errors.Join(err, draft.Close()); err != nil {
		return "", err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return readSecret(path)
}

func readSecret(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return "", err
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		return "", fmt.Errorf("%s is empty; delete it and a new one is made", path)
	}
	return value, nil
}

// RotateSecret puts a new value before the one that the file holds, and forgets those before that.
func RotateSecret(dir, name string) error {
	path := filepath.Join(dir, name)
	old, err := readSecret(path)
	if err != nil {
		return err
	}
	old, _, _ = strings.Cut(old, "\n")
	draft := path + ".draft"
	if err := os.WriteFile(draft, []byte(randomKey()+"\n"+old+"\n"), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// readFromFile lets a service read the secret from its file, unless the environment has given another value.
func (c Config) readFromFile(env map[string]string, name string) {
	if c.SecretFiles == "" || c.Env[name] != "" {
		return
	}
	delete(env, name)
	env[name+"_FILE"] = filepath.Join(c.SecretFiles, name)
}

func (s Secrets) pick(names ...string) map[string]string {
	picked := map[string]string{}
	for _, name := range names {
		picked[name] = s[name]
	}
	return picked
}

// randomKey is 256 bits and more, long enough for every key of the system.
func randomKey() string {
	b := make([]byte, 36)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// readable is a password that can be read from one screen and typed into another: 54 bits as three words that can be spoken.
func readable() string {
	const consonants, vowels = "bdfghjklmnprstvz", "aeio" // powers of two, so that the remainder is fair
	random := make([]byte, 18)
	_, _ = rand.Read(random) // never fails (crypto/rand)
	var b strings.Builder
	for i, r := range random {
		switch {
		case i%2 == 1:
			b.WriteByte(vowels[int(r)%len(vowels)])
			continue
		case i > 0 && i%6 == 0:
			b.WriteByte('-')
		}
		b.WriteByte(consonants[int(r)%len(consonants)])
	}
	return b.String()
}
