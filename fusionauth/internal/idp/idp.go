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
	clock        *clock
	faults       *faults
	log          *slog.Logger
}

// maxBody is the largest request body that is read.
const maxBody = 64 << 10

// New makes an instance of what a kickstart asks for; generating keys and hashing passwords takes a moment.
func New(cfg Config) (*Handler, error) {
	if cfg.Log == nil || cfg.Setup.Tenant.ID == "" {
		return nil, errors.New("idp: a log and a setup with a tenant are required")
	}
	clock := newClock(cfg.Now)
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
		codes: grant.NewCodes(clock.now), sessions: grant.NewSessions(clock.now), refresh: grant.NewRefreshTokens(clock.now),
		pages: newPages(), clock: clock, faults: newFaults(), log: cfg.Log,
	}, nil
}

// now is the time that this server believes in.
func (h *Handler) now() time.Time { return h.clock.now() }

// Routes is the whole surface.
func (h *Handler) Routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range h.routes() {
		mux.HandleFunc(r.pattern, h.faults.around(r.serve))
	}
	return http.MaxBytesHandler(h.accessLog(mux), maxBody)
}

// route is a line of the table below: method and path, as net/http writes them.
type route struct {
	pattern string
	serve   http.HandlerFunc
}

func (h *Handler) routes() []route {
	return []route{
		{"GET /{$}", h.home},
		{"GET /api/status", h.status},

		{"GET /.well-known/openid-configuration", h.discovery},
		{"GET /{tenantId}/.well-known/openid-configuration", h.discovery},
		{"GET /.well-known/jwks.json", h.jwks},

		{"GET /oauth2/authorize", h.authorize},
		{"POST /oauth2/authorize", h.authorize},
		{"GET /oauth2/logout", h.logout},
		{"POST /oauth2/logout", h.logout},
		{"POST /oauth2/token", h.token},
		{"POST /oauth2/introspect", h.introspect},
		{"GET /oauth2/userinfo", h.userinfo},
		{"POST /oauth2/userinfo", h.userinfo},

		{"POST /api/login", h.loginAPI},
		{"POST /api/logout", h.logoutAPI},
		{"GET /api/jwt/public-key", h.publicKey},
		{"GET /api/jwt/validate", h.validateJWT},
		{"POST /api/jwt/vend", h.withAPIKey(h.vendJWT)},
		{"POST /api/jwt/refresh", h.refreshJWT},
		{"GET /api/jwt/refresh", h.withAPIKey(h.listRefreshTokens)},
		{"GET /api/jwt/refresh/{id}", h.withAPIKey(h.showRefreshToken)},
		{"DELETE /api/jwt/refresh", h.withAPIKey(h.revokeRefreshTokens)},
		{"DELETE /api/jwt/refresh/{id}", h.withAPIKey(h.revokeRefreshToken)},
	}
}
