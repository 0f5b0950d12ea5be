package config

import (
	"log/slog"
	"strings"
)

// Secret is a text that must not be printed: every way to format or log it gives [redacted]. string(s) gives the text.
type Secret string

const redacted = "[redacted]"

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return redacted }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, so that JSON does not show it either.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// demoPrefix marks the secrets that stand in the repository for the local demo. Everybody knows them.
const demoPrefix = "demo-"

// Demo reports whether the secret is one of the demo values of the repository.
func (s Secret) Demo() bool { return strings.HasPrefix(strings.ToLower(string(s)), demoPrefix) }
