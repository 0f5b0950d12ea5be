package matrix

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
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

func (a *actors) forgeUser(ctx context.Context, f Forgery) (string, error) {
	if f.Sign == "" && a.target.SigningKey == "" {
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
	if parsed.Method != jwt.SigningMethodHS256 && f.Sign == "" {
		return "", untried("access tokens are not signed with JWT_SIGNING_KEY there")
	}
	return f.sign(parsed.Header, claims, a.target.SigningKey)
}

// gatewayLife is how long a gateway token is good for.
const gatewayLife = 600 * time.Second

// forgeGateway makes the token that the gateway would make for the row's request to its service.
func (a *actors) forgeGateway(row Row, f Forgery) (string, error) {
	if a.target.SigningKey == "" || a.target.GatewayIssuer == "" {
		return "", untried("JWT_SIGNING_KEY or GATEWAY_ISSUER is not set")
	}
	header := map[string]any{"typ": "gateway+jwt", "kid": "gateway-hs256-1"}
	now := time.Now()
	claims := jwt.MapClaims{
		"iss": a.target.GatewayIssuer, "sub": "gateway", "aud": row.Service, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(gatewayLife).Unix(), "data": row.Target, "htm": row.Method,
	}
	return f.sign(header, claims, a.target.SigningKey)
}

func (f Forgery) sign(header map[string]any, claims jwt.MapClaims, secret string) (string, error) {
	if f.Expired {
		past := time.Now().Add(-2 * time.Minute)
		claims["exp"], claims["iat"] = past.Unix(), past.Add(-gatewayLife).Unix()
	}
	replace(header, f.Header)
	replace(claims, f.Claims)
	token, key := jwt.NewWithClaims(jwt.SigningMethodHS256, claims), any([]byte(secret))
	switch f.Sign {
	case signNone:
		token.Method, key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
	case signAnotherKey:
		key = []byte(rand.Text() + rand.Text())
	}
	header["alg"] = token.Method.Alg()
	token.Header = header
	return token.SignedString(key)
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
