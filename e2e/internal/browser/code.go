package browser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// App is an application as the identity server knows it: the gateway's, whose part AccessToken plays.
type App struct {
	Identity    string // where the identity server is reached
	ClientID    string
	Secret      string
	RedirectURL string
}

// AccessToken signs the person in and exchanges the code, as the application does (RFC 6749 §4.1, RFC 7636). The code never reaches
// the application: its redirect is not followed.
func (b *Browser) AccessToken(ctx context.Context, app App, who Person) (string, error) {
	endpoint, err := b.discover(ctx, app.Identity)
	if err != nil {
		return "", err
	}
	config := oauth2.Config{
		ClientID: app.ClientID, ClientSecret: app.Secret, RedirectURL: app.RedirectURL, Endpoint: endpoint,
		Scopes: []string{"openid", "profile", "email", "offline_access"},
	}
	verifier, state := oauth2.GenerateVerifier(), rand.Text()
	begin := config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("nonce", rand.Text()))
	callback, err := b.Approach(ctx, begin, app.RedirectURL, who)
	if err != nil {
		return "", fmt.Errorf("sign in for a token: %w", err)
	}
	code, err := readCode(callback, state)
	if err != nil {
		return "", err
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: b.client.Transport, Timeout: b.client.Timeout, CheckRedirect: b.client.CheckRedirect})
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return "", errors.New("exchange code: the identity server refused it") // its own text may repeat what was sent
	}
	return tokens.AccessToken, nil
}

// readCode takes the code out of the redirect to the application.
func readCode(callback, state string) (string, error) {
	to, err := url.Parse(callback)
	if err != nil {
		return "", fmt.Errorf("sign in for a token: %w", err)
	}
	answer := to.Query()
	if answer.Get("state") != state || answer.Get("code") == "" {
		return "", fmt.Errorf("sign in for a token: the answer has no code (error %q)", answer.Get("error"))
	}
	return answer.Get("code"), nil
}

// discover reads where to authorize and where to get tokens; both on the host that was asked, which may be an inner one.
func (b *Browser) discover(ctx context.Context, identity string) (oauth2.Endpoint, error) {
	page, err := b.Get(ctx, identity+"/.well-known/openid-configuration")
	if err != nil {
		return oauth2.Endpoint{}, fmt.Errorf("discover identity server: %w", err)
	}
	var doc struct {
		Authorize string `json:"authorization_endpoint"`
		Token     string `json:"token_endpoint"`
	}
	if err := json.Unmarshal(page.Body, &doc); err != nil || doc.Authorize == "" || doc.Token == "" {
		return oauth2.Endpoint{}, fmt.Errorf("discover identity server: %s gives no discovery document", page.URL)
	}
	return oauth2.Endpoint{AuthURL: doc.Authorize, TokenURL: doc.Token, AuthStyle: oauth2.AuthStyleInHeader}, nil
}
