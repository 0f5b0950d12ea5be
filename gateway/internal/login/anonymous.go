package login

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"storefront/shared/auth"
	"storefront/shared/config"
)

// AnonymousConfig says as whom public requests are made. Every field is required but for TLS and Now.
type AnonymousConfig struct {
	FusionAuthURL *url.URL
	APIKey        config.Secret // restricted to POST /api/login
	LoginID       string        // of the service user
	Password      config.Secret
	ClientID      string
	Verifier      *auth.Verifier // of user tokens
	TLS           *tls.Config
	Now           func() time.Time
}

// Anonymous signs in as a service user with the role anonymous, by FusionAuth's Login API, so that FusionAuth makes every token of the
// system (the article's suggestion). One token serves all public requests until it is renewed: unlike a token of the gateway's own it
// is bound to no service and no request, so whoever steals one reads what is public until it expires.
type Anonymous struct {
	cfg     AnonymousConfig
	client  *http.Client
	held    atomic.Pointer[visit]
	flight  singleflight.Group
	resting atomic.Int64 // unix nanoseconds until which sign-ins rest
	now     func() time.Time
}

// visit is a token of the service user.
type visit struct {
	token            string
	renewAt, expires time.Time
}

// NewAnonymous checks the configuration; it talks to nobody.
func NewAnonymous(cfg AnonymousConfig) (*Anonymous, error) {
	if cfg.FusionAuthURL == nil || cfg.APIKey == "" || cfg.LoginID == "" || cfg.Password == "" || cfg.ClientID == "" || cfg.Verifier == nil {
		return nil, errors.New("anonymous config: every field is required")
	}
	a := &Anonymous{cfg: cfg, client: newClient(cfg.TLS), now: cfg.Now}
	if a.now == nil {
		a.now = time.Now
	}
	return a, nil
}

// Token gives the service user's token. It is renewed ahead of its end, by one request at a time; while FusionAuth is away the one at
// hand serves until it expires. With renew a service has refused it, and a new one is made at once.
func (a *Anonymous) Token(ctx context.Context, renew bool) (string, error) {
	now := a.now()
	held := a.held.Load()
	valid := held != nil && now.Before(held.expires)
	resting := now.UnixNano() < a.resting.Load()
	switch {
	case valid && !renew && (now.Before(held.renewAt) || resting):
		return held.token, nil
	case resting:
		return "", fmt.Errorf("%w: a moment ago", errUnavailable)
	}
	fresh, err := a.renew(ctx)
	if err == nil {
		return fresh.token, nil
	}
	if ctx.Err() == nil {
		a.resting.Store(a.now().Add(refreshPause).UnixNano())
	}
	if valid && !renew {
		return held.token, nil
	}
	return "", err
}

func (a *Anonymous) renew(ctx context.Context) (*visit, error) {
	result := a.flight.DoChan("", func() (any, error) {
		// It serves all who wait, so it does not end with the request that happened to begin it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), providerTimeout)
		defer cancel()
		v, err := a.signIn(ctx)
		if err == nil {
			a.held.Store(v)
		}
		return v, err
	})
	select {
	case r := <-result:
		return r.Val.(*visit), r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// signIn asks the Login API and verifies what it gives: a token with the role anonymous, and with no other.
func (a *Anonymous) signIn(ctx context.Context) (*visit, error) {
	body, err := json.Marshal(map[string]string{"loginId": a.cfg.LoginID, "password": string(a.cfg.Password), "applicationId": a.cfg.ClientID})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.cfg.FusionAuthURL.String()+"/api/login", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", string(a.cfg.APIKey))
	req.Header.Set("Content-Type", "application/json")
	res, err := a.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: Login API", errUnavailable)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: Login API answered %d", errUnavailable, res.StatusCode)
	}
	var answer struct {
		Token string `json:"token"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%w: Login API: no JSON", errUntrusted)
	}
	user, err := a.cfg.Verifier.Verify(ctx, answer.Token, auth.Target{})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: token of the service user: %s", errUntrusted, err.Error()) // no refusal of the client's
	case len(user.Roles) != 1 || user.Roles[0] != auth.Anonymous:
		return nil, fmt.Errorf("%w: the service user has not the role anonymous alone", errUntrusted)
	}
	return &visit{answer.Token, refreshAt(a.now(), user.ExpiresAt), user.ExpiresAt}, nil
}
