package auth

import (
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// GatewayTokenLife is how long a gateway token is good for: the article's ten minutes.
const GatewayTokenLife = 600 * time.Second

// SigningKey is a [Key] with the half that signs.
type SigningKey struct {
	Key     Key // verifies what this key signs
	private any
	method  jwt.SigningMethod
	header  string // of every token that it signs: encoded, with the dot
}

// HMACSigningKey returns the signing key of a shared secret: the same bytes sign and verify.
func HMACSigningKey(id string, secret []byte) (SigningKey, error) {
	key, err := HMACKey(id, secret)
	if err != nil {
		return SigningKey{}, err
	}
	return newSigningKey(key, key.material), nil
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
	return newSigningKey(key, private), nil
}

func newSigningKey(key Key, private any) SigningKey {
	header := appendText([]byte(`{"alg":"`+key.Algorithm+`","typ":"`+gatewayType+`","kid":`), key.ID)
	return SigningKey{key, private, key.method(), encoding.EncodeToString(append(header, '}')) + "."}
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
	if cfg.Key == nil || cfg.Key().private == nil {
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
	claims := s.appendClaims(make([]byte, 0, 512), audience, target)
	out := make([]byte, 0, len(key.header)+2*len(claims)+512)
	out = append(out, key.header...)
	out = encoding.AppendEncode(out, claims)
	signature, err := key.method.Sign(string(out), key.private)
	if err != nil {
		return "", fmt.Errorf("sign gateway token: %w", err)
	}
	out = append(out, '.')
	return string(encoding.AppendEncode(out, signature)), nil
}

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
