package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"storefront/shared/config"
)

const (
	old  = "old-0123456789abcdef0123456789abcdef"
	next = "next-0123456789abcdef0123456789abcdef"
)

func TestRotating(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []config.Secret // nil is a fault
	}{
		"one":                        {old, []config.Secret{old}},
		"one with a line end":        {old + "\n", []config.Secret{old}},
		"two, the first signs":       {next + "\n" + old, []config.Secret{next, old}},
		"as Windows writes":          {next + "\r\n" + old + "\r\n", []config.Secret{next, old}},
		"empty lines":                {"\n\n" + next + "\n\n" + old + "\n\n", []config.Secret{next, old}},
		"blanks belong to it":        {" " + old + " ", []config.Secret{" " + old + " "}},
		"none":                       {"\n", nil},
		"one that is short":          {"tooshort", nil},
		"the first of two is short":  {"tooshort\n" + old, nil},
		"the second of two is short": {old + "\ntooshort", nil},
	} {
		s := config.Read([]string{"X=" + tt.text})
		got := s.Rotating("X", "a secret", 32).Values()
		err := s.Err()
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: %q, %v, want %q", name, got, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "tooshort") || strings.Contains(err.Error(), old)) {
			t.Errorf("%s: the fault shows the secret: %v", name, err)
		}
	}
}

// vault is a file that an agent of a secrets manager writes.
type vault struct{ path string }

func newVault(t testing.TB, text string) vault {
	t.Helper()
	v := vault{filepath.Join(t.TempDir(), "secret")}
	v.write(t, text)
	return v
}

// write replaces the file as such agents do: the new one appears whole.
func (v vault) write(t testing.TB, text string) {
	t.Helper()
	if err := errors.Join(os.WriteFile(v.path+".new", []byte(text), 0o600), os.Rename(v.path+".new", v.path)); err != nil {
		t.Fatal(err)
	}
}

// watch gives the values of the setting that the file holds, joined.
func (v vault) watch(t testing.TB, log *journal) *config.Live[string] {
	t.Helper()
	s := config.Read([]string{"X_FILE=" + v.path})
	r := s.Rotating("X", "a secret", 32)
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	live, err := config.Watch(log.logger(), r, joined)
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func joined(values []config.Secret) (string, error) {
	var text strings.Builder
	for _, v := range values {
		text.WriteString(string(v) + ";")
		if v == "a secret that derive does not like: "+old {
			return "", errors.New("derive refuses it")
		}
	}
	return text.String(), nil
}

// A rotation, step by step, in a file under a running service.
func TestWatch(t *testing.T) {
	t.Parallel()
	v := newVault(t, old+"\n")
	var log journal
	live := v.watch(t, &log)
	for _, step := range []struct{ text, want string }{
		{old + "\n", old + ";"},
		{old + "\n" + next + "\n", old + ";" + next + ";"},
		{next + "\n" + old + "\n", next + ";" + old + ";"}, // as long as before
		{next + "\n", next + ";"},
	} {
		v.write(t, step.text)
		if got := live.Look(); got != step.want {
			t.Errorf("value = %q, want %q", got, step.want)
		}
	}
	if strings.Contains(log.String(), "0123") || strings.Count(log.String(), "changed setting is in use") != 3 {
		t.Errorf("log:\n%s", &log)
	}
}

// What is no secret to go on with changes nothing, and the log says which setting, and never what stands in it.
func TestWatch_keepsTheOldWhenTheNewIsBad(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(vault){
		"empty":              func(v vault) { v.write(t, "") },
		"short":              func(v vault) { v.write(t, "hunter2") },
		"one of two short":   func(v vault) { v.write(t, next+"\nhunter2") },
		"gone":               func(v vault) { _ = os.Remove(v.path) },
		"huge":               func(v vault) { v.write(t, strings.Repeat("hunter2", 20<<10)) },
		"a demo secret":      func(v vault) { v.write(t, "demo-hunter2-"+next) },
		"not for its use":    func(v vault) { v.write(t, "a secret that derive does not like: "+old) },
		"a folder in a file": func(v vault) { _ = os.Remove(v.path); _ = os.Mkdir(v.path, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t, old)
			var log journal
			live := v.watch(t, &log)
			spoil(v)
			if got := live.Look(); got != old+";" {
				t.Errorf("value = %q, want the old one", got)
			}
			if text := log.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "setting=X") || strings.Contains(text, "hunter2") || strings.Contains(text, "0123") {
				t.Errorf("log: %s", text)
			}
			_ = os.Remove(v.path)
			v.write(t, next)
			if got := live.Look(); got != next+";" {
				t.Errorf("value = %q, want what is good again", got)
			}
		})
	}
}

// A demo that runs on demo secrets may rotate to another one.
func TestWatch_demoStaysDemo(t *testing.T) {
	t.Parallel()
	v := newVault(t, "demo-"+old)
	live := v.watch(t, &journal{})
	v.write(t, "demo-"+next)
	if got := live.Look(); got != "demo-"+next+";" {
		t.Errorf("value = %q, want the next demo secret", got)
	}
}

func TestWatch_refusesABadStart(t *testing.T) {
	t.Parallel()
	if _, err := config.Watch((&journal{}).logger(), config.Fixed("a secret that derive does not like: "+old), joined); err == nil {
		t.Error("Watch = nil error")
	}
	if _, err := config.Watch((&journal{}).logger(), config.Rotating{}, joined); err == nil {
		t.Error("Watch of nothing = nil error")
	}
	if live, err := config.Watch((&journal{}).logger(), config.Fixed(next, old), joined); err != nil || live.Get() != next+";"+old+";" {
		t.Errorf("Watch(Fixed) = %v", err)
	}
}
