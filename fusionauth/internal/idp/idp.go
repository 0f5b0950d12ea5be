// Package idp serves the part of FusionAuth that this system uses: hosted login with the authorization code flow, tokens, the
// Login API, and their discovery. It is a stand-in for development and tests, built from a kickstart file, and keeps everything
// in memory.
//
//	browser ── GET  /oauth2/authorize ──► login form ── POST, the same URL ──► 302 redirect_uri?code&state&iss
//	client  ── POST /oauth2/token ──► access token, ID token, refresh token
//	client  ── POST /api/login, DELETE /api/jwt/refresh (API key) ──► tokens without a browser; revocation
//
// Paths, parameters, claims and error reasons are FusionAuth's, each in the file of its endpoint. What FusionAuth does not
// document is decided here by the RFCs.
package idp

import (
	"cmp"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/keyring"
	"storefront/fusionauth/internal/kickstart"
)

// Config is what a Handler needs. The zero value is refused by New.
type Config struct {
	Setup kickstart.Setup
	Log   *slog.Logger
	Now   func() time.Time // nil is time.Now
	// HashRounds is the factor of the password hash; 0 is FusionAuth's 24 000. Tests that log in hundreds of times lower it.
	HashRounds int
}

// Handler serves one FusionAuth instance.
type Handler struct {
	tenant       kickstart.Tenant
	applications map[string]kickstart.Application
	users        *directory
	apiKeys      []kickstart.APIKey
	keys         *keyring.Ring
	codes        *grant.Codes
	sessions     *grant.Sessions
	refresh      *grant.RefreshTokens
	pages        *pages
	now          func() time.Time
	log          *slog.Logger
}

// maxBody is the largest request body that is read.
const maxBody = 64 << 10

// New makes an instance of what a kickstart asks for; generating keys and hashing passwords takes a moment.
func New(cfg Config) (*Handler, error) {
	if cfg.Log == nil || cfg.Setup.Tenant.ID == "" {
		return nil, errors.New("idp: a log and a setup with a tenant are required")
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	keys, err := keyring.New(cfg.Setup.Keys)
	if err != nil {
		return nil, err
	}
	users, err := newDirectory(cfg.Setup.Users, cmp.Or(cfg.HashRounds, fusionAuthRounds))
	if err != nil {
		return nil, err
	}
	applications := map[string]kickstart.Application{}
	for _, app := range cfg.Setup.Applications {
		applications[app.ID] = app
	}
	return &Handler{
		tenant: cfg.Setup.Tenant, applications: applications, users: users, apiKeys: cfg.Setup.APIKeys, keys: keys,
		codes: grant.NewCodes(now), sessions: grant.NewSessions(now), refresh: grant.NewRefreshTokens(now),
		pages: newPages(), now: now, log: cfg.Log,
	}, nil
}

// Routes is the whole surface.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.home)
	mux.HandleFunc("GET /api/status", h.status)

	mux.HandleFunc("GET /.well-known/openid-configuration", h.discovery)
	mux.HandleFunc("GET /{tenantId}/.well-known/openid-configuration", h.discovery)
	mux.HandleFunc("GET /.well-known/jwks.json", h.jwks)

	mux.HandleFunc("GET /oauth2/authorize", h.authorize)
	mux.HandleFunc("POST /oauth2/authorize", h.authorize)
	mux.HandleFunc("GET /oauth2/logout", h.logout)
	mux.HandleFunc("POST /oauth2/logout", h.logout)
	mux.HandleFunc("POST /oauth2/token", h.token)
	mux.HandleFunc("POST /oauth2/introspect", h.introspect)
	mux.HandleFunc("GET /oauth2/userinfo", h.userinfo)
	mux.HandleFunc("POST /oauth2/userinfo", h.userinfo)

	mux.HandleFunc("POST /api/login", h.loginAPI)
	mux.HandleFunc("POST /api/logout", h.logoutAPI)
	mux.HandleFunc("POST /api/jwt/refresh", h.refreshJWT)
	mux.HandleFunc("GET /api/jwt/refresh", h.withAPIKey(h.listRefreshTokens))
	mux.HandleFunc("GET /api/jwt/refresh/{id}", h.withAPIKey(h.showRefreshToken))
	mux.HandleFunc("DELETE /api/jwt/refresh", h.withAPIKey(h.revokeRefreshTokens))
	mux.HandleFunc("DELETE /api/jwt/refresh/{id}", h.withAPIKey(h.revokeRefreshToken))
	return http.MaxBytesHandler(h.accessLog(mux), maxBody)
}
