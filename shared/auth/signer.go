package auth

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

// GatewayTokenLife is how long a gateway token is good for: the article's ten minutes.
const GatewayTokenLife = 600 * time.Second

// SigningKey is a [Key] with the half that signs.
type SigningKey struct {
	Key    Key // verifies what this key signs
	sign   func(signed []byte) (signature []byte, err error)
	header string // of every token that it signs: encoded, with the dot
}

// HMACSigningKey returns the signing key of a shared secret: the same bytes sign and verify.
func HMACSigningKey(id string, secret []byte) (SigningKey, error) {
	key, err := HMACKey(id, secret)
	if err != nil {
		return SigningKey{}, err
	}
	return newSigningKey(key, signHMAC(secret)), nil
}

// signHMAC keeps what an HMAC makes of the secret before it sees anything of what it signs: half of its work.
func signHMAC(secret []byte) func([]byte) ([]byte, error) {
	secret = slices.Clone(secret)
	macs := sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}
	return func(signed []byte) ([]byte, error) {
		mac := macs.Get().(hash.Hash)
		defer macs.Put(mac)
		mac.Reset()
		_, _ = mac.Write(signed) // never fails (hash.Hash)
		return mac.Sum(nil), nil
	}
}

// PrivateKey returns the signing key of an *rsa.PrivateKey, *ecdsa.PrivateKey or ed25519.PrivateKey whose public half
// [PublicKey] accepts. It signs once: a key that cannot sign, or whose halves do not belong together, stops the start.
func PrivateKey(id string, private crypto.Signer) (SigningKey, error) {
	if private == nil {
		return SigningKey{}, fmt.Errorf("key %q: no private key", id)
	}
	key, err := PublicKey(id, private.Public())
	if err != nil {
		return SigningKey{}, err
	}
	signature, err := key.method().Sign(id, private)
	if err == nil {
		err = key.method().Verify(id, signature, key.material)
	}
	if err != nil {
		return SigningKey{}, fmt.Errorf("key %q: sign and verify: %w", id, err)
	}
	method := key.method()
	return newSigningKey(key, func(signed []byte) ([]byte, error) { return method.Sign(string(signed), private) }), nil
}

func newSigningKey(key Key, sign func([]byte) ([]byte, error)) SigningKey {
	header := appendText([]byte(`{"alg":"`+key.Algorithm+`","typ":"`+gatewayType+`","kid":`), key.ID)
	return SigningKey{key, sign, encoding.EncodeToString(append(header, '}')) + "."}
}

// Format prints the key's name whatever the verb, so that no %+v shows a secret.
func (k SigningKey) Format(f fmt.State, verb rune) { k.Key.Format(f, verb) }

// Always gives the key itself, for a [Signer] that signs with no other.
func (k SigningKey) Always() SigningKey { return k }

// SignerConfig says as whom, and with what, a [Signer] signs.
type SignerConfig struct {
	Key    func() SigningKey // gives the key for the next token; required
	Issuer string            // iss, required
	Now    func() time.Time  // nil means time.Now
}

// Signer makes the gateway's tokens. It is safe for concurrent use.
type Signer struct {
	key     func() SigningKey
	opening string // the claims that are the same for every token
	now     func() time.Time
}

// NewSigner refuses a Config without a key or an issuer.
func NewSigner(cfg SignerConfig) (*Signer, error) {
	if cfg.Key == nil || cfg.Key().sign == nil {
		return nil, errors.New("signer config: Key is missing")
	}
	if cfg.Issuer == "" || !utf8.ValidString(cfg.Issuer) {
		return nil, errors.New("signer config: Issuer is missing or not UTF-8")
	}
	s := &Signer{
		key:     cfg.Key,
		opening: string(appendText([]byte(`{"iss":`), cfg.Issuer)) + `,"sub":"` + gatewaySubject + `","aud":`,
		now:     cfg.Now,
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

// Sign returns a token with which the audience lets exactly this request pass, for [GatewayTokenLife].
func (s *Signer) Sign(audience string, target Target) (string, error) {
	if !utf8.ValidString(audience) || !utf8.ValidString(target.Method) || !utf8.ValidString(target.URI) {
		return "", errors.New("sign gateway token: target is not UTF-8")
	}
	key := s.key()
	d := drafts.Get().(*draft)
	defer drafts.Put(d)
	d.claims = s.appendClaims(d.claims[:0], audience, target)
	d.token = append(d.token[:0], key.header...)
	d.token = encoding.AppendEncode(d.token, d.claims)
	signature, err := key.sign(d.token)
	if err != nil {
		return "", fmt.Errorf("sign gateway token: %w", err)
	}
	d.token = append(d.token, '.')
	d.token = encoding.AppendEncode(d.token, signature)
	return string(d.token), nil
}

// draft is where a token is written, kept for the next.
type draft struct{ claims, token []byte }

var drafts = sync.Pool{New: func() any { return new(draft) }}

// appendClaims writes the JSON itself: encoding/json costs more than the HMAC, on every request that is forwarded.
func (s *Signer) appendClaims(b []byte, audience string, target Target) []byte {
	now := s.now().Unix()
	b = append(b, s.opening...)
	b = appendText(b, audience)
	b = append(b, `,"exp":`...)
	b = strconv.AppendInt(b, now+int64(GatewayTokenLife/time.Second), 10)
	b = append(b, `,"iat":`...)
	b = strconv.AppendInt(b, now, 10)
	b = append(b, `,"jti":"`...)
	b = append(b, rand.Text()...)
	b = append(b, `","data":`...)
	b = appendText(b, target.URI)
	b = append(b, `,"htm":`...)
	b = appendText(b, target.Method)
	return append(b, '}')
}

// appendText writes valid UTF-8 as a JSON string (RFC 8259 §7): the quote, the backslash and control characters escaped.
func appendText(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	b = slices.Grow(b, len(text)+2)
	b = append(b, '"')
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
