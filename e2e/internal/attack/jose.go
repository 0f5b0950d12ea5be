package attack

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"storefront/e2e/internal/browser"
	"storefront/e2e/internal/matrix"
	"storefront/e2e/internal/stack"
)

// tokens are what the identity server gives for a person.
type tokens struct{ access, id string }

// genuine is a token that was issued, taken apart.
type genuine struct {
	text           string
	header, claims map[string]any
	parts          []string // header, payload and signature as they stand
}

// change is a value in place of a claim or a header parameter; a removed one is nil.
type change map[string]any

func (c change) to(values map[string]any) map[string]any {
	changed := maps.Clone(values)
	for name, value := range c {
		if value == nil {
			delete(changed, name)
		} else {
			changed[name] = value
		}
	}
	return changed
}

func encode(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // what rows are made of can be written
	}
	return string(text)
}

// signed is a token of these JSON texts, signed by whatever method.
func signed(header, claims string, method jwt.SigningMethod, key any) (string, error) {
	input := encode(header) + "." + encode(claims)
	signature, err := method.Sign(input, key)
	if err != nil {
		return "", fmt.Errorf("sign: %w", err)
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

// signedBy is signed where nothing can go wrong: HMAC takes any bytes.
func signedBy(header, claims string, method *jwt.SigningMethodHMAC, key []byte) string {
	token, err := signed(header, claims, method, key)
	if err != nil {
		panic(err)
	}
	return token
}

// accessToken is a genuine token of a person.
func (r *run) accessToken(ctx context.Context, name string) (genuine, error) {
	t, err := r.tokensOf(ctx, name)
	if err != nil {
		return genuine{}, err
	}
	return takeApart(t.access)
}

func takeApart(text string) (genuine, error) {
	g := genuine{text: text, claims: map[string]any{}, parts: strings.Split(text, ".")}
	parsed, _, err := jwt.NewParser().ParseUnverified(text, jwt.MapClaims(g.claims))
	if err != nil {
		return g, errors.New("the access token of the identity server is no JWT")
	}
	g.header = parsed.Header
	return g, nil
}

// userKey signs user tokens; it is untried where no key is known.
func (r *run) userKey() (*matrix.Key, error) {
	return keyOf(r.target.UserKey, r.target.SigningKey)
}

func (r *run) gatewayKey() (*matrix.Key, error) {
	if r.target.GatewayIssuer == "" {
		return nil, untried("GATEWAY_ISSUER is not set")
	}
	return keyOf(r.target.GatewayKey, r.target.SigningKey)
}

func keyOf(own *matrix.Key, shared string) (*matrix.Key, error) {
	if own != nil {
		return own, nil
	}
	if shared == "" {
		return nil, untried("JWT_SIGNING_KEY is not set")
	}
	return &matrix.Key{ID: "gateway-hs256-1", Method: jwt.SigningMethodHS256, Private: []byte(shared)}, nil
}

// forger signs what it has changed of a person's token with the key that made it.
func (r *run) forger(ctx context.Context, name string) (genuine, func(header, claims string) string, error) {
	key, err := r.userKey()
	if err != nil {
		return genuine{}, nil, err
	}
	g, err := r.accessToken(ctx, name)
	if err != nil {
		return g, nil, err
	}
	if g.header["alg"] != key.Method.Alg() {
		return g, nil, untried("access tokens are not signed with JWT_SIGNING_KEY there")
	}
	return g, func(header, claims string) string {
		token, err := signed(header, claims, key.Method, key.Private)
		if err != nil {
			return err.Error()
		}
		return token
	}, nil
}

func (r *run) tokensOf(ctx context.Context, name string) (tokens, error) {
	if t, ok := r.tokens[name]; ok {
		return t, nil
	}
	if r.target.ClientSecret == "" {
		return tokens{}, untried("FUSIONAUTH_CLIENT_SECRET is not set")
	}
	who, err := r.person(name)
	if err != nil {
		return tokens{}, err
	}
	t, err := r.exchange(ctx, who)
	if err == nil {
		r.tokens[name] = t
	}
	return t, err
}

// exchange walks the code flow in the place of the gateway, for an ID token beside the access token.
func (r *run) exchange(ctx context.Context, who browser.Person) (tokens, error) {
	var endpoints struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
	}
	b := browser.Over(r.target.Transport)
	page, err := b.Get(ctx, r.target.Identity+"/.well-known/openid-configuration")
	if err != nil || json.Unmarshal(page.Body, &endpoints) != nil {
		return tokens{}, fmt.Errorf("discover identity server: %w", errors.Join(errNoLogin, err))
	}
	config := oauth2.Config{
		ClientID: r.target.ClientID, ClientSecret: r.target.ClientSecret, RedirectURL: r.target.URLs[stack.Gateway] + "/oauth-redirect",
		Endpoint: oauth2.Endpoint{AuthURL: endpoints.Authorize, TokenURL: endpoints.Token, AuthStyle: oauth2.AuthStyleInHeader},
		Scopes:   []string{"openid", "profile", "email"},
	}
	verifier := oauth2.GenerateVerifier()
	callback, err := b.Approach(ctx, config.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)), config.RedirectURL, who)
	if err != nil {
		return tokens{}, err
	}
	if r.target.Transport != nil {
		ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: r.target.Transport})
	}
	t, err := config.Exchange(ctx, parameter(callback, "code"), oauth2.VerifierOption(verifier))
	if err != nil {
		return tokens{}, errors.New("exchange code: the identity server refused it")
	}
	id, _ := t.Extra("id_token").(string)
	return tokens{t.AccessToken, id}, nil
}
