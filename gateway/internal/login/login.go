package login

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"storefront/gateway/internal/session"
	"storefront/shared/auth"
	"storefront/shared/config"
	"storefront/shared/server"
)

// Config is what signing in needs. Every field is required but for Now and TLS.
type Config struct {
	FusionAuthURL       *url.URL // where the gateway reaches the identity server
	FusionAuthPublicURL *url.URL // where browsers reach it
	Issuer              string   // the iss of its answers
	ClientID            string
	ClientSecret        config.Rotating // the first value
	Scopes              []string
	IDTokenAlgs         []string // HS256 means: keyed by the client secret (OpenID Connect Core §10.1)

	GatewayURL *url.URL        // the public URL, on which the callback is registered
	Secret     config.Rotating // seals the cookies of login attempts
	Secure     bool            // cookies, where GatewayURL is https

	Store    session.Store
	Lifetime time.Duration  // of a session, since its login
	Verifier *auth.Verifier // of user tokens
	// Revoked reports whether the identity server has taken back what the token, or the session, stood for since then.
	Revoked func(p auth.Principal, since time.Time) bool
	Pages   Pages

	TLS *tls.Config
	Log *slog.Logger // hears of secrets that have changed
	Now func() time.Time
}

// Pages are what people see of signing in, beside the identity server's form.
type Pages struct {
	// ConfirmLogout has a button that posts to /logout.
	ConfirmLogout gin.HandlerFunc
	// Loop says why signing in goes in a circle, and leads out of it.
	Loop func(*gin.Context, Loop)
}

// Login holds the handlers. It is safe for concurrent use.
type Login struct {
	cfg       Config
	client    *http.Client
	secret    *config.Live[config.Secret] // of the client
	provider  *discovery
	attempts  *attempts
	logins    recent
	refreshes singleflight.Group
	resting   atomic.Int64 // unix nanoseconds until which refreshes rest
	now       func() time.Time
}

// New checks the configuration; it talks to nobody.
func New(cfg Config) (*Login, error) {
	if cfg.Store == nil || cfg.Verifier == nil || cfg.Revoked == nil || cfg.Pages.ConfirmLogout == nil || cfg.Pages.Loop == nil || cfg.GatewayURL == nil || cfg.Lifetime <= 0 {
		return nil, errors.New("login config: Store, Lifetime, Verifier, Revoked, Pages and GatewayURL are required")
	}
	attempts, err := newAttempts(cfg.Log, cfg.Secret, cfg.Secure)
	if err != nil {
		return nil, err
	}
	secret, err := config.Watch(cfg.Log, cfg.ClientSecret, first)
	if err != nil {
		return nil, fmt.Errorf("login config: ClientSecret: %w", err)
	}
	l := &Login{cfg: cfg, client: newClient(cfg.TLS), secret: secret, attempts: attempts, logins: newRecent(cfg.Secure), now: cfg.Now}
	l.provider = &discovery{cfg: cfg, client: l.client, secret: secret}
	if l.now == nil {
		l.now = time.Now
	}
	return l, nil
}

// Mount adds the routes of signing in and out to r, which must carry [session.Sessions]. Limit stands before those that sign in.
func (l *Login) Mount(r gin.IRoutes, limit gin.HandlerFunc) {
	server.Get(r, "/login", limit, l.start)
	server.Get(r, "/oauth-redirect", limit, l.callback)
	r.POST("/logout", l.logout)
	r.POST("/logout/everywhere", l.logoutEverywhere)
	server.Get(r, "/logout", l.logoutByLink)
	server.Get(r, "/logout/frontchannel", l.logoutFrontChannel)
	server.Get(r, "/me", l.Require, l.me)
}
