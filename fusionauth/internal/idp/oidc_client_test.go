package idp_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"

	"storefront/fusionauth/internal/kickstart"
)

// relyingParty is a client that is not ours: go-oidc and x/oauth2 decide what is a correct answer.
type relyingParty struct {
	provider *oidc.Provider
	config   oauth2.Config
}

func newRelyingParty(t *testing.T, s *site) relyingParty {
	t.Helper()
	provider, err := oidc.NewProvider(t.Context(), s.url)
	if err != nil {
		t.Fatalf("discover %s: %v", s.url, err)
	}
	return relyingParty{provider, oauth2.Config{
		ClientID: clientID, ClientSecret: clientSecret, Endpoint: provider.Endpoint(), RedirectURL: callback,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
	}}
}

// login goes through the browser's part and gives the client's token, or the client's error.
func (rp relyingParty) login(t *testing.T, s *site, browser *http.Client, email string) *oauth2.Token {
	t.Helper()
	pkce, state := oauth2.GenerateVerifier(), "state-of-the-client"
	start := rp.config.AuthCodeURL(state, oidc.Nonce("nonce-of-the-client"), oauth2.S256ChallengeOption(pkce))
	page := s.get(t, browser, strings.TrimPrefix(start, s.url))
	back := redirected(t, s.submit(t, browser, page.text, email, password(email)))
	if back.Get("state") != state || back.Get("iss") != s.url {
		t.Fatalf("redirect has state %q and iss %q", back.Get("state"), back.Get("iss"))
	}
	token, err := rp.config.Exchange(t.Context(), back.Get("code"), oauth2.VerifierOption(pkce))
	if err != nil {
		t.Fatalf("exchange: %v", err)
	}
	return token
}

func (rp relyingParty) idToken(t *testing.T, verifier *oidc.IDTokenVerifier, token *oauth2.Token) *oidc.IDToken {
	t.Helper()
	raw, _ := token.Extra("id_token").(string)
	id, err := verifier.Verify(t.Context(), raw)
	if err != nil {
		t.Fatalf("verify the ID token: %v", err)
	}
	if err := id.VerifyAccessToken(token.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	return id
}

// TestOIDCClient goes the whole way for each key that can sign access tokens. Of a server that is not ours, the key is the one
// that it was set up with.
func TestOIDCClient(t *testing.T) {
	t.Parallel()
	t.Run("as set up", func(t *testing.T) {
		t.Parallel()
		checkClient(t, start(t), "HS256", oidc.RS256)
	})
	for keyID, algorithm := range map[string]string{rsaKeyID: oidc.RS256, ecKeyID: oidc.ES256, edKeyID: oidc.EdDSA} {
		t.Run(algorithm+" access tokens", func(t *testing.T) {
			t.Parallel()
			checkClient(t, start(t, variant{env: map[string]string{"ACCESS_TOKEN_KEY_ID": keyID}}), algorithm, oidc.RS256)
		})
		t.Run(algorithm+" ID tokens", func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{edit: func(d document) { d.jwt()["idTokenKeyId"] = keyID }})
			checkClient(t, s, "HS256", algorithm)
		})
	}
}

// checkClient signs in, reads who that is, renews and signs out, with access tokens and ID tokens of the given algorithms.
func checkClient(t *testing.T, s *site, access, id string) {
	t.Helper()
	rp := newRelyingParty(t, s)
	verifier := rp.provider.Verifier(&oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{id}})
	token := rp.login(t, s, newBrowser(), customer)
	got := rp.idToken(t, verifier, token)
	if got.Nonce != "nonce-of-the-client" || got.Subject != customerID {
		t.Errorf("ID token of %s with nonce %q", got.Subject, got.Nonce)
	}
	checkAccessToken(t, rp, token.AccessToken, access)

	info, err := rp.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(token))
	if err != nil || info.Subject != customerID || info.Email != customer || !info.EmailVerified {
		t.Errorf("userinfo = %+v, %v", info, err)
	}
	expired := *token
	expired.Expiry = time.Now().Add(-time.Minute)
	renewed, err := rp.config.TokenSource(t.Context(), &expired).Token()
	if err != nil || renewed.AccessToken == token.AccessToken {
		t.Fatalf("refresh = %v, want another access token", err)
	}
	rp.idToken(t, verifier, renewed)
	if state := s.introspect(t, renewed.AccessToken, "", nil).json(t); state["active"] != true || state["sub"] != customerID {
		t.Errorf("introspection of the renewed access token = %v", state)
	}
	checkLogout(t, rp)
}

// checkAccessToken verifies an access token as a service does: with the shared key, or with what the JWKS publishes. The other
// algorithms do not pass.
func checkAccessToken(t *testing.T, rp relyingParty, token, algorithm string) {
	t.Helper()
	if algorithm == "HS256" {
		_, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return []byte(hmacSecret), nil }, jwt.WithValidMethods([]string{"HS256"}))
		if err != nil {
			t.Errorf("access token with the shared key: %v", err)
		}
		return
	}
	for _, accepted := range []string{oidc.RS256, oidc.ES256, oidc.EdDSA} {
		verifier := rp.provider.Verifier(&oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{accepted}})
		if _, err := verifier.Verify(t.Context(), token); (err == nil) != (accepted == algorithm) {
			t.Errorf("%s access token verified as %s: %v", algorithm, accepted, err)
		}
	}
}

func checkLogout(t *testing.T, rp relyingParty) {
	t.Helper()
	var metadata struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := rp.provider.Claims(&metadata); err != nil {
		t.Fatal(err)
	}
	query := url.Values{"client_id": {clientID}, "post_logout_redirect_uri": {home}}
	got := send(t, newBrowser(), newRequest(t, http.MethodGet, metadata.EndSession+"?"+query.Encode(), ""))
	if got.status != http.StatusFound || got.location != home {
		t.Errorf("logout = %d to %q, want %s", got.status, got.location, home)
	}
}

func TestOIDCClient_wrongVerifier(t *testing.T) {
	t.Parallel()
	s := start(t)
	rp := newRelyingParty(t, s)
	browser := newBrowser()
	page := s.get(t, browser, strings.TrimPrefix(rp.config.AuthCodeURL("x", oauth2.S256ChallengeOption(oauth2.GenerateVerifier())), s.url))
	code := redirected(t, s.submit(t, browser, page.text, admin, password(admin))).Get("code")
	if _, err := rp.config.Exchange(t.Context(), code, oauth2.VerifierOption(oauth2.GenerateVerifier())); err == nil {
		t.Error("a code is exchanged with another verifier")
	}
}

// secretKeySet verifies ID tokens that are signed with the client secret, FusionAuth's default of a tenant.
type secretKeySet struct {
	algorithm string
	secret    string
}

// VerifySignature implements oidc.KeySet.
func (k secretKeySet) VerifySignature(_ context.Context, token string) ([]byte, error) {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{k.algorithm}), jwt.WithoutClaimsValidation())
	if _, err := parser.Parse(token, func(*jwt.Token) (any, error) { return []byte(k.secret), nil }); err != nil {
		return nil, err
	}
	payload, _, _ := strings.Cut(token[strings.Index(token, ".")+1:], ".")
	return jwt.NewParser().DecodeSegment(payload)
}

// TestOIDCClient_shadowKeys: an ID token set to a shadow key is signed with the client secret, and at_hash follows the algorithm.
func TestOIDCClient_shadowKeys(t *testing.T) {
	t.Parallel()
	for keyID, algorithm := range map[string]string{
		kickstart.ShadowSHA256: "HS256", kickstart.ShadowSHA384: "HS384", kickstart.ShadowSHA512: "HS512",
	} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s := start(t, variant{edit: func(d document) { d.jwt()["idTokenKeyId"] = keyID }})
			rp := newRelyingParty(t, s)
			token := rp.login(t, s, newBrowser(), admin)
			verifier := oidc.NewVerifier(s.url, secretKeySet{algorithm, clientSecret}, &oidc.Config{ClientID: clientID, SupportedSigningAlgs: []string{algorithm}})
			raw, _ := token.Extra("id_token").(string)
			if _, err := verifier.Verify(t.Context(), raw); err != nil {
				t.Errorf("ID token with the client secret: %v", err)
			}
			hash, _ := part(t, raw, 1)["at_hash"].(string)
			if want := map[string]int{"HS256": 22, "HS384": 32, "HS512": 43}[algorithm]; len(hash) != want {
				t.Errorf("at_hash has %d characters, want %d", len(hash), want)
			}
		})
	}
}
