package idp

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"storefront/fusionauth/internal/grant"
	"storefront/fusionauth/internal/keyring"
	"storefront/fusionauth/internal/kickstart"
	"storefront/fusionauth/internal/webhook"
)

// Config is what a Handler needs. The zero value is refused by New.
type Config struct {
	Setup kickstart.Setup
	Log   *slog.Logger
	Now   func() time.Time // nil is time.Now
	// HashRounds is the factor of the password hash; 0 is FusionAuth's 24 000. Tests that log in hundreds of times lower it.
	HashRounds int
	// WebhookPauses are the waits between attempts to deliver an event; nil is those of package webhook.
	WebhookPauses []time.Duration
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
	webhooks     *webhook.Sender
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
	webhooks, err := webhook.New(webhook.Config{
		TenantID: cfg.Setup.Tenant.ID, Enabled: cfg.Setup.Tenant.Events, Webhooks: cfg.Setup.Webhooks,
		Sign: signWith(keys), Log: cfg.Log, Now: clock.now, Pauses: cfg.WebhookPauses,
	})
	if err != nil {
		return nil, err
	}
	return &Handler{
		tenant: cfg.Setup.Tenant, applications: applications, users: users, apiKeys: cfg.Setup.APIKeys, keys: keys,
		codes: grant.NewCodes(clock.now), sessions: grant.NewSessions(clock.now), refresh: grant.NewRefreshTokens(clock.now),
		webhooks: webhooks, pages: newPages(), clock: clock, faults: newFaults(), log: cfg.Log,
	}, nil
}

// Deliver sends what happens to the kickstart's webhooks, until ctx ends and what waits has had its chance.
func (h *Handler) Deliver(ctx context.Context) { h.webhooks.Run(ctx) }

// signWith makes the signatures of webhooks. The key is asked for each time: it may have been rotated.
func signWith(keys *keyring.Ring) webhook.Sign {
	return func(keyID string, claims map[string]any) (string, error) {
		key := keys.Key(keyID, "")
		if key == nil {
			return "", keyring.ErrNoKey
		}
		return key.Sign(claims, nil)
	}
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

		{"PUT /api/user/{id}", h.withAPIKey(h.reactivateUser)},
		{"DELETE /api/user/{id}", h.withAPIKey(h.deleteUser)},
		{"PUT /api/user/registration/{id}", h.withAPIKey(h.updateRegistration)},
		{"PATCH /api/user/registration/{id}", h.withAPIKey(h.updateRegistration)},
		{"DELETE /api/user/registration/{id}/{applicationId}", h.withAPIKey(h.deleteRegistration)},
	}
}
