package matrix

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"storefront/e2e/internal/stack"
)

// Forgery is a token that nobody issued: a person's access token, or a gateway token for the request at hand, changed and signed again.
type Forgery struct {
	User    string         `yaml:"user"`    // whose access token
	Gateway bool           `yaml:"gateway"` // or one of the gateway's
	Expired bool           `yaml:"expired"` // two minutes ago
	Sign    string         `yaml:"sign"`    // "", "none" or "another key"
	Header  map[string]any `yaml:"header"`  // replaces parameters; null removes one
	Claims  map[string]any `yaml:"claims"`  // replaces claims; null removes one
}

// The ways to sign a forgery; "" is with the shared key.
const (
	signNone       = "none"
	signAnotherKey = "another key"
)

// Key signs forged tokens.
type Key struct {
	ID      string // kid
	Method  jwt.SigningMethod
	Private any
}

// keyOf is own, or else the key that gateway and identity server share; nil where neither is known.
func (t Target) keyOf(own *Key) *Key {
	if own == nil && t.SigningKey != "" {
		return &Key{"gateway-hs256-1", jwt.SigningMethodHS256, []byte(t.SigningKey)}
	}
	return own
}

// another is a key of the same kind that nobody knows.
func (k *Key) another() (*Key, error) {
	if k == nil {
		k = &Key{Method: jwt.SigningMethodHS256}
	}
	other := *k
	if k.Method == jwt.SigningMethodHS256 {
		other.Private = []byte(rand.Text() + rand.Text())
		return &other, nil
	}
	private, err := stack.NewPrivateKey(k.Method.Alg())
	other.Private = private
	return &other, err
}

func (a *actors) forgeUser(ctx context.Context, f Forgery) (string, error) {
	key := a.target.keyOf(a.target.UserKey)
	if f.Sign == "" && key == nil {
		return "", untried("JWT_SIGNING_KEY is not set")
	}
	real, err := a.token(ctx, f.User)
	if err != nil {
		return "", err
	}
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(real, claims)
	if err != nil {
		return "", errors.New("the access token of the identity server is no JWT")
	}
	if f.Sign == "" && parsed.Method != key.Method {
		return "", untried("access tokens are not signed with JWT_SIGNING_KEY there")
	}
	return f.sign(parsed.Header, claims, key)
}

// gatewayLife is how long a gateway token is good for.
const gatewayLife = 600 * time.Second

// forgeGateway makes the token that the gateway would make for the row's request to its service.
func (a *actors) forgeGateway(row Row, f Forgery) (string, error) {
	key := a.target.keyOf(a.target.GatewayKey)
	if key == nil || a.target.GatewayIssuer == "" {
		return "", untried("JWT_SIGNING_KEY or GATEWAY_ISSUER is not set")
	}
	header := map[string]any{"typ": "gateway+jwt", "kid": key.ID}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": a.target.GatewayIssuer, "sub": "gateway", "aud": row.Service, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(gatewayLife).Unix(), "data": row.Target, "htm": row.Method,
	}
	return f.sign(header, claims, key)
}

func (f Forgery) sign(header map[string]any, claims jwt.MapClaims, key *Key) (string, error) {
	if f.Expired {
		past := time.Now().Add(-2 * time.Minute)
		claims["exp"], claims["iat"] = past.Unix(), past.Add(-gatewayLife).Unix()
	}
	replace(header, f.Header)
	replace(claims, f.Claims)
	switch f.Sign {
	case signNone:
		key = &Key{Method: jwt.SigningMethodNone, Private: jwt.UnsafeAllowNoneSignatureType}
	case signAnotherKey:
		other, err := key.another()
		if err != nil {
			return "", err
		}
		key = other
	}
	header["alg"] = key.Method.Alg()
	token := jwt.Token{Header: header, Claims: claims, Method: key.Method}
	return token.SignedString(key.Private)
}

func replace(values, by map[string]any) {
	for name, value := range by {
		if value == nil {
			delete(values, name)
		} else {
			values[name] = value
		}
	}
}
