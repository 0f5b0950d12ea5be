package config

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
)

// Rotating is a secret of one or more values, one a line. The first signs or seals, all of them verify or open, so that it
// can be changed without an outage: add the new one below the old, when every process knows it move it to the top, and
// when nothing of the old one is in use any more take that away. It is read again when the file of NAME_FILE changes.
type Rotating struct {
	name     string
	path     string // "" when the values stand in the environment, which does not change
	minBytes int
	values   []Secret
}

// Fixed returns a Rotating that does not change.
func Fixed(values ...Secret) Rotating { return Rotating{values: values} }

// Values returns the values as they were at the start.
func (r Rotating) Values() []Secret { return slices.Clone(r.values) }

// Rotating declares a required secret of one or more values, of at least minBytes bytes each.
func (s *Settings) Rotating(name, doc string, minBytes int) Rotating {
	r := Rotating{name: name, path: s.values.GetString(name + fileSuffix), minBytes: minBytes}
	s.declare(Setting{Name: name, Doc: doc, Secret: true, minBytes: minBytes})
	var err error
	if r.values, err = r.parse(s.lookup(name, "")); err != nil {
		s.Fault(name, "%v", err)
	}
	return r
}

// RotatingIf declares a secret that is required when needed, and otherwise not looked at.
func (s *Settings) RotatingIf(needed bool, name, doc string, minBytes int) Rotating {
	if needed {
		return s.Rotating(name, doc, minBytes)
	}
	s.declare(Setting{Name: name, Doc: doc, Secret: true, minBytes: minBytes})
	return Rotating{}
}

// parse takes the text apart. Its errors never show any of it.
func (r Rotating) parse(text string) ([]Secret, error) {
	values := secrets(text)
	for _, v := range values {
		if len(strings.TrimSpace(string(v))) < r.minBytes {
			return nil, fmt.Errorf("is shorter than %d bytes; make one with: openssl rand -base64 48", r.minBytes)
		}
	}
	if len(values) == 0 {
		return nil, fmt.Errorf("is required: set it, or %s%s to a file that holds it", r.name, fileSuffix)
	}
	return values, nil
}

// secrets are the lines of text that are not empty.
func secrets(text string) []Secret {
	var values []Secret
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSuffix(line, "\r"); line != "" {
			values = append(values, Secret(line))
		}
	}
	return values
}

// Watch gives what derive makes of the secret's values, made anew when the secret changes.
func Watch[T any](log *slog.Logger, r Rotating, derive func([]Secret) (T, error)) (*Live[T], error) {
	return NewLive(log, r.name, func() (string, func() (T, error)) {
		mark, read := r.look()
		return mark, func() (v T, err error) {
			values, err := read()
			if err != nil {
				return v, err
			}
			return derive(values)
		}
	})
}

func (r Rotating) look() (mark string, read func() ([]Secret, error)) {
	if r.path == "" {
		return "", func() ([]Secret, error) {
			if len(r.values) == 0 {
				return nil, errors.New("secret has no value")
			}
			return r.values, nil
		}
	}
	text, err := readLimited(r.path)
	if err != nil {
		return err.Error(), func() ([]Secret, error) { return nil, err }
	}
	return text, func() ([]Secret, error) {
		values, err := r.parse(text)
		if err == nil && slices.ContainsFunc(values, Secret.Demo) && !slices.ContainsFunc(r.values, Secret.Demo) {
			err = errors.New("is a demo value that everybody knows, which the one at the start was not")
		}
		return values, err
	}
}
