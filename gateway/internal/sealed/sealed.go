// Package sealed keeps what the gateway stores in other hands, cookies and a shared store, unreadable and unforgeable there.
//
// It seals with AES-256-GCM under keys that are derived from one secret. The secret rotates without an outage: its first value
// seals, all of them open. What is sealed stands in an envelope:
//
//	version (1 byte) | key id (4 bytes) | nonce (12 bytes) | ciphertext and tag
//
// It does not say when something was sealed, nor whether it is the latest; content that may grow old carries its own time.
package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"storefront/shared/config"
)

// What can be wrong with an envelope. None of them shows any of its content.
var (
	ErrVersion = errors.New("sealed by a newer release")
	ErrKey     = errors.New("sealed with a key that is not in use")
	ErrAltered = errors.New("altered, moved, or never sealed here")
)

const (
	version = 1
	// versions are bytes that no text begins with, so that a stray text is not taken for a newer release's envelope.
	versions = 32

	idSize     = 4
	headerSize = 1 + idSize
	overhead   = headerSize + 12 + 16 // with nonce and tag

	minSecret = 32
)

// Box seals and opens. It is safe for concurrent use.
type Box struct {
	keys *config.Live[[]key] // the first seals, all open
}

type key struct {
	id   [idSize]byte
	aead cipher.AEAD
}

// New returns the box of one purpose, which the label names: boxes with different labels do not open each other's envelopes, though
// they share the secret. The secret must have 32 bytes or more.
func New(log *slog.Logger, secret config.Rotating, label string) (*Box, error) {
	keys, err := config.Watch(log, secret, func(values []config.Secret) ([]key, error) {
		keys := make([]key, len(values))
		for i, value := range values {
			var err error
			if keys[i], err = derive([]byte(value), label); err != nil {
				return nil, err
			}
		}
		return keys, nil
	})
	if err != nil {
		return nil, err
	}
	return &Box{keys: keys}, nil
}

// derive makes the key and, from another branch of the derivation, its id, which therefore tells nothing about the key.
func derive(secret []byte, label string) (k key, err error) {
	if len(secret) < minSecret {
		return k, fmt.Errorf("shorter than %d bytes", minSecret)
	}
	raw, err := hkdf.Key(sha256.New, secret, nil, label, 32)
	if err != nil {
		return k, err
	}
	id, err := hkdf.Key(sha256.New, secret, nil, label+" key id", idSize)
	if err != nil {
		return k, err
	}
	k.id = [idSize]byte(id)
	block, err := aes.NewCipher(raw)
	if err != nil {
		return k, err
	}
	k.aead, err = cipher.NewGCMWithRandomNonce(block)
	return k, err
}

// Seal returns an envelope around plain. It opens only together with ad, the place where it belongs, so that moving it elsewhere is
// as good as forging it.
func (b *Box) Seal(plain, ad []byte) []byte {
	k := b.keys.Get()[0]
	envelope := make([]byte, 0, overhead+len(plain))
	envelope = append(envelope, version)
	envelope = append(envelope, k.id[:]...)
	return k.aead.Seal(envelope, nil, plain, ad) //nolint:gosec // NewGCMWithRandomNonce makes the nonce
}

// Open returns what Seal was given, or ErrVersion, ErrKey or ErrAltered.
func (b *Box) Open(envelope, ad []byte) ([]byte, error) {
	switch {
	case len(envelope) > 0 && envelope[0] > version && envelope[0] < versions:
		return nil, ErrVersion
	case len(envelope) < headerSize || envelope[0] != version:
		return nil, ErrAltered
	}
	id, rest := [idSize]byte(envelope[1:headerSize]), envelope[headerSize:]
	err := ErrKey
	for _, k := range b.keys.Get() {
		if k.id != id {
			continue
		}
		if plain, failure := k.aead.Open(nil, nil, rest, ad); failure == nil {
			return plain, nil
		}
		err = ErrAltered
	}
	return nil, err
}
