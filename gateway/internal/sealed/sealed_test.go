package sealed_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"storefront/gateway/internal/sealed"
	"storefront/shared/config"
)

const (
	old  = config.Secret("old-secret-0123456789abcdefghijklmn")
	next = config.Secret("next-secret-0123456789abcdefghijklm")
)

func newBox(t testing.TB, label string, values ...config.Secret) *sealed.Box {
	t.Helper()
	b, err := sealed.New(slog.New(slog.DiscardHandler), config.Fixed(values...), label)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func wantOpen(t *testing.T, b *sealed.Box, envelope []byte, plain, place string) {
	t.Helper()
	if got, err := b.Open(envelope, []byte(place)); err != nil || string(got) != plain {
		t.Errorf("Open = %q, %v, want %q", got, err, plain)
	}
}

func TestBox(t *testing.T) {
	t.Parallel()
	b := newBox(t, "test", old)
	for _, plain := range []string{"", "a", strings.Repeat("token", 1000)} {
		one, other := b.Seal([]byte(plain), []byte("place")), b.Seal([]byte(plain), []byte("place"))
		wantOpen(t, b, one, plain, "place")
		wantOpen(t, newBox(t, "test", old), one, plain, "place")
		if bytes.Equal(one, other) {
			t.Error("the same text is sealed the same way twice: a nonce was used again")
		}
		if len(plain) > 1 && bytes.Contains(one, []byte("token")) {
			t.Error("the envelope shows its content")
		}
	}
}

func TestBox_refuses(t *testing.T) {
	t.Parallel()
	b := newBox(t, "test", old)
	good := b.Seal([]byte("content"), []byte("place"))
	changed := func(at int) []byte {
		e := slices.Clone(good)
		e[at] ^= 0x80
		return e
	}
	version := func(v byte) []byte { return append([]byte{v}, good[1:]...) }
	for name, tt := range map[string]struct {
		envelope []byte
		want     error
	}{
		"nothing":                     {nil, sealed.ErrAltered},
		"a header alone":              {good[:5], sealed.ErrAltered},
		"half a header":               {good[:3], sealed.ErrAltered},
		"cut short":                   {good[:len(good)-1], sealed.ErrAltered},
		"made longer":                 {append(slices.Clone(good), 0), sealed.ErrAltered},
		"nonce changed":               {changed(5), sealed.ErrAltered},
		"content changed":             {changed(5 + 12), sealed.ErrAltered},
		"tag changed":                 {changed(len(good) - 1), sealed.ErrAltered},
		"key id changed":              {changed(1), sealed.ErrKey},
		"sealed with another secret":  {newBox(t, "test", next).Seal([]byte("content"), []byte("place")), sealed.ErrKey},
		"sealed for another purpose":  {newBox(t, "other", old).Seal([]byte("content"), []byte("place")), sealed.ErrKey},
		"of another place":            {b.Seal([]byte("content"), []byte("elsewhere")), sealed.ErrAltered},
		"of no place":                 {b.Seal([]byte("content"), nil), sealed.ErrAltered},
		"a newer version":             {version(2), sealed.ErrVersion},
		"a much newer version, short": {[]byte{31}, sealed.ErrVersion},
		"version 0":                   {version(0), sealed.ErrAltered},
		"a text":                      {[]byte(strings.Repeat("some text ", 10)), sealed.ErrAltered},
	} {
		if plain, err := b.Open(tt.envelope, []byte("place")); !errors.Is(err, tt.want) || plain != nil {
			t.Errorf("Open of an envelope, %s = %q, %v, want %v", name, plain, err, tt.want)
		}
	}
	wantOpen(t, b, good, "content", "place")
}

// Another purpose's key must not come out the same under a forged id either.
func TestBox_purposesHaveKeysOfTheirOwn(t *testing.T) {
	t.Parallel()
	one, other := newBox(t, "one", old), newBox(t, "other", old)
	forged := slices.Concat(one.Seal(nil, nil)[:5], other.Seal([]byte("content"), nil)[5:])
	if plain, err := one.Open(forged, nil); !errors.Is(err, sealed.ErrAltered) {
		t.Errorf("Open = %q, %v, want ErrAltered", plain, err)
	}
}

func TestBox_rotates(t *testing.T) {
	t.Parallel()
	before, both := newBox(t, "test", old), newBox(t, "test", old, next)
	turned, after := newBox(t, "test", next, old), newBox(t, "test", next)
	first, last := before.Seal([]byte("first"), nil), turned.Seal([]byte("last"), nil)
	for _, b := range []*sealed.Box{before, both, turned} {
		wantOpen(t, b, first, "first", "")
	}
	for _, b := range []*sealed.Box{both, turned, after} {
		wantOpen(t, b, last, "last", "")
	}
	for name, refused := range map[string]func() ([]byte, error){
		"old content, after":  func() ([]byte, error) { return after.Open(first, nil) },
		"new content, before": func() ([]byte, error) { return before.Open(last, nil) },
	} {
		if plain, err := refused(); !errors.Is(err, sealed.ErrKey) {
			t.Errorf("%s: Open = %q, %v, want ErrKey", name, plain, err)
		}
	}
}

// The secret's file changes while the gateway runs.
func TestBox_followsItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	write := func(text string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	write(string(old))
	settings := config.Read([]string{"X_FILE=" + path})
	b, err := sealed.New(slog.New(slog.DiscardHandler), settings.Rotating("X", "", 32), "test")
	if err != nil || settings.Err() != nil {
		t.Fatal(err, settings.Err())
	}
	first := b.Seal([]byte("first"), nil)
	write(string(next) + "\n" + string(old) + "\n")
	after := newBox(t, "test", next)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if plain, err := after.Open(b.Seal([]byte("last"), nil), nil); err == nil && string(plain) == "last" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the changed secret is not taken up")
		}
	}
	wantOpen(t, b, first, "first", "")
}

func TestNew_refusesShortSecrets(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]config.Secret{
		"none":           nil,
		"31 bytes":       {old[:31]},
		"a short second": {old, old[:31]},
	} {
		_, err := sealed.New(slog.New(slog.DiscardHandler), config.Fixed(values...), "test")
		if err == nil || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("New with %s = %v, want a refusal that does not show the secret", name, err)
		}
	}
	newBox(t, "test", old[:32])
}

// Whatever stands where an envelope should, Open gives what was sealed or refuses.
func FuzzOpen(f *testing.F) {
	b := newBox(f, "test", next, old)
	good := b.Seal([]byte("content"), []byte("place"))
	f.Add(good, []byte("place"))
	f.Add(newBox(f, "test", old).Seal(nil, nil), []byte{})
	f.Add(good[:5], []byte{})
	f.Add([]byte{1}, []byte("place"))
	f.Add([]byte{}, []byte{})
	f.Fuzz(func(t *testing.T, envelope, place []byte) {
		plain, err := b.Open(envelope, place)
		switch {
		case err == nil && string(plain) == "content" && string(place) == "place": // the first seed
		case err == nil && len(plain) == 0 && len(place) == 0: // the second
		case errors.Is(err, sealed.ErrAltered), errors.Is(err, sealed.ErrKey), errors.Is(err, sealed.ErrVersion):
		default:
			t.Errorf("Open(%x) = %q, %v", envelope, plain, err)
		}
	})
}
