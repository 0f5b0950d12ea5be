package config

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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

// minKeyBytes is the size from which a secret is a key that nobody guesses.
const minKeyBytes = 32

// Fingerprint tells keys apart that should be the same, and nothing about them: 32 bits of an HMAC that the key is the key of. It is ""
// for what is too short to be a key, since a password could be guessed by its fingerprint.
func (s Secret) Fingerprint() string {
	if len(s) < minKeyBytes {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(s))
	mac.Write([]byte("storefront fingerprint"))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}
