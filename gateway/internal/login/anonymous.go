package login

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"storefront/shared/auth"
	"storefront/shared/config"
	"storefront/shared/fresh"
)

// AnonymousConfig is what signing the service user in needs. Every field is required but TLS and Now.
type AnonymousConfig struct {
	FusionAuthURL *url.URL
	APIKey        config.Rotating // may do no more than POST /api/login
	LoginID       string
	Password      config.Rotating
	ClientID      string         // the application whose role the user has
	Verifier      *auth.Verifier // of user tokens
	TLS           *tls.Config
	Log           *slog.Logger // hears of logins that fail and secrets that have changed
	Now           func() time.Time
}

// Anonymous is the service user as whom the gateway asks for what everybody may see, where all tokens come from FusionAuth:
// the article's way on. Its token is one for all requests of some minutes, and that is what it gives up: unlike a token of the
// gateway's own it is not bound to one service, nor to one request, so that whoever sees it in a service or on the way can ask
// any service for all that is public until it expires. It opens nothing else: a token with another role than anonymous is not
// used.
type Anonymous struct {
	cfg      AnonymousConfig
	client   *http.Client
	apiKey   *config.Live[config.Secret]
	password *config.Live[config.Secret]
	token    *fresh.Value[string]
}

// Pauses between two logins: of a token that a service has refused, and while there is no token.
const (
	anonymousPause      = 10 * time.Second
	anonymousEmptyPause = time.Second
)

// NewAnonymous checks the configuration; the first login comes with the first request.
func NewAnonymous(cfg AnonymousConfig) (*Anonymous, error) {
	if cfg.FusionAuthURL == nil || cfg.Verifier == nil || cfg.Log == nil || cfg.LoginID == "" || cfg.ClientID == "" {
		return nil, errors.New("anonymous config: FusionAuthURL, Verifier, Log, LoginID and ClientID are required")
	}
	apiKey, err1 := config.Watch(cfg.Log, cfg.APIKey, first)
	password, err2 := config.Watch(cfg.Log, cfg.Password, first)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("anonymous config: APIKey, Password: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	a := &Anonymous{cfg: cfg, client: newClient(cfg.TLS), apiKey: apiKey, password: password}
	a.token = fresh.New(fresh.Config[string]{
		// While FusionAuth is slow the old token serves to its end, so patience has none.
		Fetch: a.login, Pause: anonymousPause, EmptyPause: anonymousEmptyPause, Patience: 24 * time.Hour, Now: cfg.Now,
	})
	return a, nil
}

// Token returns the user's access token. It is renewed ahead of its end; with renew, because a service has refused it, it is
// replaced first, though not more often than the pause allows.
func (a *Anonymous) Token(ctx context.Context, renew bool) (string, error) {
	return a.token.Get(ctx, func(string) bool { return !renew })
}

func (a *Anonymous) login(ctx context.Context) (fresh.Fetched[string], error) {
	ctx, cancel := context.WithTimeout(ctx, 2*providerTimeout) // the verifier may need keys
	defer cancel()
	now := a.cfg.Now()
	token, p, err := a.signIn(ctx)
	if err != nil {
		err = fmt.Errorf("sign in as anonymous: %w", err)
		a.cfg.Log.Warn("no token for public routes", "err", err)
		return fresh.Fetched[string]{}, err
	}
	return fresh.Fetched[string]{Value: token, Due: refreshAt(now, p.ExpiresAt), Until: p.ExpiresAt}, nil
}

func (a *Anonymous) signIn(ctx context.Context) (string, auth.Principal, error) {
	token, err := a.ask(ctx)
	if err != nil {
		return "", auth.Principal{}, err
	}
	p, err := a.cfg.Verifier.Verify(ctx, token, auth.Target{})
	switch {
	case errors.Is(err, auth.ErrUnavailable):
		return "", p, fmt.Errorf("%w: %w", errUnavailable, err)
	case err != nil: // as text: it is no refusal of the caller's token
		return "", p, fmt.Errorf("%w: %v", errUntrusted, err) //nolint:errorlint // see above
	case !slices.Equal(p.Roles, []auth.Role{auth.Anonymous}):
		return "", p, fmt.Errorf("%w: the user has the roles %v, and must have anonymous alone", errUntrusted, p.Roles)
	}
	return token, p, nil
}

// ask calls FusionAuth's Login API. Of its answers only a 200 holds a token for a registered user.
func (a *Anonymous) ask(ctx context.Context) (string, error) {
	body, err := json.Marshal(map[string]string{"loginId": a.cfg.LoginID, "password": string(a.password.Get()), "applicationId": a.cfg.ClientID})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.FusionAuthURL.String()+"/api/login", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", string(a.apiKey.Get())) // without a scheme
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("%w: %w", errUnavailable, err)
	}
	defer func() { _ = res.Body.Close() }()
	if hint := loginFaults[res.StatusCode]; res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: login API answered %d %s", errUntrusted, res.StatusCode, hint)
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Token == "" {
		return "", fmt.Errorf("%w: login API gave no token", errUntrusted)
	}
	return answer.Token, nil
}

// loginFaults says what an operator has to mend.
var loginFaults = map[int]string{
	http.StatusAccepted:     "(the user is not registered for the application)",
	http.StatusUnauthorized: "(FUSIONAUTH_API_KEY may not POST /api/login)",
	http.StatusNotFound:     "(ANONYMOUS_LOGIN_ID or ANONYMOUS_PASSWORD is wrong)",
}

// first is the value of a secret of which one alone is in use.
func first(values []config.Secret) (config.Secret, error) { return values[0], nil }
