// Package config reads settings from the environment, through viper.
//
// A service declares each setting once, in its config.go, with name, default and meaning on one line:
//
//	s := config.Read(environ)
//	cfg := Config{
//		Common:  s.Common("127.0.0.1:3001"),
//		Timeout: s.Duration("UPSTREAM_TIMEOUT", 10*time.Second, "longest exchange with a service"),
//	}
//	return cfg, s.Err()
//
// Every fault is collected and reported at once, naming settings and never the value of a secret. NAME_FILE reads the value
// of NAME from a file. An empty value counts as unset. A name that looks like one of ours and is none is a fault too, since
// a misspelt security setting is otherwise silently inert.
package config

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/viper"
)

// Setting is one declared setting, for documentation and its test.
type Setting struct {
	Name    string
	Default string // as text; "" when there is none
	Doc     string // what it means, one sentence
	Secret  bool   // its value is never shown

	minBytes int // of a secret
}

// Settings is one reading of the environment. Declaring a setting reads it; Err tells what was wrong with all of them.
type Settings struct {
	values   *viper.Viper
	names    []string // as they stand in the environment
	declared []Setting
	faults   []error
}

// Read takes the environment as os.Environ gives it and the files that NAME_FILE settings point at.
func Read(environ []string) *Settings {
	s := &Settings{values: viper.New()}
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		s.names = append(s.names, name)
		if value != "" && name == strings.ToUpper(name) { // viper folds case; the environment does not
			s.values.Set(name, value)
		}
	}
	return s
}

// Declared lists the settings in the order in which they were declared.
func (s *Settings) Declared() []Setting { return slices.Clone(s.declared) }

// Fault records that the value of a setting cannot be used; the sentence says what to do and never holds a secret.
func (s *Settings) Fault(name, format string, args ...any) {
	s.faults = append(s.faults, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
}

// Err returns every fault in one error, or nil. It is called once, after the last declaration: only then is it known
// which names are ours.
func (s *Settings) Err() error {
	faults := s.Faults()
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("settings cannot be used:\n%w", errors.Join(faults...))
}

// Faults returns every fault by itself, for those who list them. As with Err, the last declaration comes first.
func (s *Settings) Faults() []error { return slices.Concat(s.faults, s.unknown()) }

// IsSet reports whether the environment gives name, or NAME_FILE, a value.
func (s *Settings) IsSet(name string) bool {
	return s.values.IsSet(name) || s.values.IsSet(name+fileSuffix)
}

// String declares a setting that is any text.
func (s *Settings) String(name, def, doc string) string {
	s.declare(Setting{Name: name, Default: def, Doc: doc})
	return s.lookup(name, def)
}

// List declares a setting of comma-separated texts; blanks around them and empty ones are dropped.
func (s *Settings) List(name, def, doc string) []string {
	fields := strings.FieldsFunc(s.String(name, def, doc), func(r rune) bool { return r == ',' })
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return slices.DeleteFunc(fields, func(f string) bool { return f == "" })
}

// Enum declares a setting that is one of values.
func (s *Settings) Enum(name, def, doc string, values ...string) string {
	v := s.String(name, def, doc)
	if !slices.Contains(values, v) {
		s.Fault(name, "%q is not one of %s", v, strings.Join(values, ", "))
		return def
	}
	return v
}

// Bool declares a setting that is true or false.
func (s *Settings) Bool(name string, def bool, doc string) bool {
	v, err := strconv.ParseBool(s.String(name, strconv.FormatBool(def), doc))
	if err != nil {
		s.Fault(name, "is neither true nor false")
		return def
	}
	return v
}

// Duration declares a setting that is a positive time with its unit, such as 10s.
func (s *Settings) Duration(name string, def time.Duration, doc string) time.Duration {
	v, err := time.ParseDuration(s.String(name, def.String(), doc))
	if err != nil || v <= 0 {
		s.Fault(name, "is not a positive time with a unit, such as %s", def)
		return def
	}
	return v
}

// URL declares a setting that is an absolute http or https URL without user, query or fragment; a slash at its end is dropped.
func (s *Settings) URL(name, def, doc string) *url.URL {
	text := s.String(name, def, doc)
	u, err := parseURL(text)
	if err != nil && text == "" && !s.IsSet(name) {
		return &url.URL{} // its default is another setting, whose fault is reported there
	}
	if err != nil {
		s.Fault(name, "%v, such as http://localhost:3000", err)
		return &url.URL{}
	}
	return u
}

func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("is not an absolute http or https URL")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return nil, errors.New("must be a URL without user, query or fragment")
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u, nil
}

func (s *Settings) declare(setting Setting) { s.declared = append(s.declared, setting) }

const fileSuffix = "_FILE"

// lookup gives the value of name, or def, and records why it cannot be had.
func (s *Settings) lookup(name, def string) string {
	text, source, err := s.find(name)
	switch {
	case err != nil:
		s.faults = append(s.faults, err)
		return def
	case source == fromDefault:
		return def
	default:
		return text
	}
}

// The sources of a value, beside a file.
const (
	fromDefault     = "default"
	fromEnvironment = "environment"
	fromFile        = "file " // and its path
)

// find gives the value of name, or of the file that NAME_FILE names, and where it was. One line end after the text of a file is
// dropped, which editors and secret stores add.
func (s *Settings) find(name string) (text, source string, err error) {
	path := s.values.GetString(name + fileSuffix)
	switch {
	case path == "" && s.values.IsSet(name):
		return s.values.GetString(name), fromEnvironment, nil
	case path == "":
		return "", fromDefault, nil
	case s.values.IsSet(name):
		return "", fromEnvironment, fmt.Errorf("%s: is set together with %s%s; leave one of them", name, name, fileSuffix)
	}
	text, err = readLimited(path)
	if err != nil {
		return "", fromFile + path, fmt.Errorf("%s%s: %w", name, fileSuffix, err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r"), fromFile + path, nil
}

const maxFile = 64 << 10

func readLimited(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read %s: %w", path, err)
	case len(text) > maxFile:
		return "", fmt.Errorf("%s is larger than %d bytes", path, maxFile)
	}
	return string(text), nil
}
