// Package authtest makes real keys and real tokens, good ones and bad ones, for tests of anything that asks package
// auth who is calling. Nothing here is a fake: a token of an [Issuer] is signed, and a verifier made from its Config
// checks it like any other. It must not be imported outside tests.
//
//	iss := authtest.New(t, "HS256")
//	verifier := iss.Verifier(t, "catalog")
//	admin := iss.UserToken(t, authtest.Claims{"roles": []string{"admin"}})
//	late := iss.UserToken(t, authtest.Claims{"exp": iss.Unix(-2 * time.Minute)})
//	through := iss.GatewayToken(t, "catalog", auth.Target{Method: "GET", URI: "/products"})
package authtest

import (
	"testing"
	"time"

	"storefront/shared/auth"
)

// What the tokens of an Issuer say, unless claims are overridden, and what its Config expects.
const (
	UserIssuer    = "http://localhost:9011"
	ClientID      = "e9fdb985-9173-4e01-9d73-ac2d60d1dc8e"
	GatewayIssuer = "localhost:3000"
	Subject       = "7a1d0b4e-6a68-4f6e-8e3c-2f3a6c2d0001" // the user of a UserToken
)

// Issuer is the identity server and the gateway in one: it holds the keys of both.
type Issuer struct {
	Users   Key              // signs user tokens
	Gateway Key              // signs gateway tokens; with HS256 the same key, as in the article
	Now     func() time.Time // the clock of its tokens and of its Config
}

// New returns an Issuer with fresh keys of the algorithm.
func New(t testing.TB, algorithm string) *Issuer {
	t.Helper()
	users := NewKey(t, algorithm, "users-"+algorithm)
	gateway := users
	if algorithm != "HS256" {
		gateway = NewKey(t, algorithm, "gateway-"+algorithm)
	}
	return &Issuer{Users: users, Gateway: gateway, Now: time.Now}
}

// Config returns what the service of this name expects of the Issuer's tokens.
func (i *Issuer) Config(service string) auth.Config {
	cfg := i.UsersOnly()
	cfg.Gateway = auth.Issuer{Issuer: GatewayIssuer, Audience: service, Keys: auth.StaticKeys(i.Gateway.Key)}
	return cfg
}

// UsersOnly returns a Config that takes no gateway tokens: the gateway's own.
func (i *Issuer) UsersOnly() auth.Config {
	users := auth.UserIssuer{Issuer: UserIssuer, Audience: ClientID, ApplicationID: ClientID, Keys: auth.StaticKeys(i.Users.Key)}
	return auth.Config{Users: users, Now: i.Now}
}

// Verifier returns the verifier of the service of this name.
func (i *Issuer) Verifier(t testing.TB, service string) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(i.Config(service))
	if err != nil {
		t.Fatalf("NewVerifier: %v", err)
	}
	return v
}

// Signer returns the gateway's signer.
func (i *Issuer) Signer(t testing.TB) *auth.Signer {
	t.Helper()
	s, err := auth.NewSigner(auth.SignerConfig{Key: i.Gateway.Always, Issuer: GatewayIssuer, Now: i.Now})
	if err != nil {
		t.Fatalf("NewSigner: %v", err)
	}
	return s
}

// Unix returns a NumericDate that far from the Issuer's now.
func (i *Issuer) Unix(d time.Duration) int64 { return i.Now().Add(d).Unix() }

// UserToken returns an access token as FusionAuth makes it, good for ten minutes, with claims set over its own.
func (i *Issuer) UserToken(t testing.TB, claims ...Claims) string {
	t.Helper()
	return i.Users.Token(t, i.UserHeader(), i.UserClaims(claims...))
}

// GatewayToken returns a token that the gateway could have made for this request, with claims set over its own.
func (i *Issuer) GatewayToken(t testing.TB, audience string, target auth.Target, claims ...Claims) string {
	t.Helper()
	return i.Gateway.Token(t, i.GatewayHeader(), i.GatewayClaims(audience, target, claims...))
}

// UserHeader returns the header of a UserToken.
func (i *Issuer) UserHeader(parameters ...Claims) Claims {
	return merge(Claims{"alg": i.Users.Key.Algorithm, "typ": "JWT", "kid": i.Users.Key.ID, "gty": []string{"authorization_code"}}, parameters)
}

// UserClaims returns the claims of a UserToken.
func (i *Issuer) UserClaims(claims ...Claims) Claims {
	return merge(Claims{
		"iss":                UserIssuer,
		"aud":                ClientID,
		"applicationId":      ClientID,
		"sub":                Subject,
		"exp":                i.Unix(10 * time.Minute),
		"iat":                i.Unix(0),
		"jti":                "5e0bb4a1-0c57-4c37-a0b9-6b8f4b0c9d11",
		"auth_time":          i.Unix(0),
		"authenticationType": "PASSWORD",
		"scope":              "openid offline_access",
		"sid":                "0d8a1c52-6e0e-4a57-9d7e-2b7a55b3f3a1",
		"tid":                "30663132-6464-6665-3032-326466613934",
		"roles":              []string{},
	}, claims)
}

// GatewayHeader returns the header of a GatewayToken.
func (i *Issuer) GatewayHeader(parameters ...Claims) Claims {
	return merge(Claims{"alg": i.Gateway.Key.Algorithm, "typ": "gateway+jwt", "kid": i.Gateway.Key.ID}, parameters)
}

// GatewayClaims returns the claims of a GatewayToken.
func (i *Issuer) GatewayClaims(audience string, target auth.Target, claims ...Claims) Claims {
	return merge(Claims{
		"iss":  GatewayIssuer,
		"sub":  "gateway",
		"aud":  audience,
		"exp":  i.Unix(auth.GatewayTokenLife),
		"iat":  i.Unix(0),
		"jti":  "0Q7RZ3GQ4M2YV5K1T9X8W6B4NA",
		"data": target.URI,
		"htm":  target.Method,
	}, claims)
}
